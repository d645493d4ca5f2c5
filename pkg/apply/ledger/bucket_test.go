package ledger_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
)

// TestBucket holds the bucket to the contract. TestS3 does so on a real server.
func TestBucket(t *testing.T) {
	storetest.Run(t, storetest.Subject{Breakable: true, Place: func(t *testing.T) func() ledger.Store {
		_, url := serveS3(t)
		return func() ledger.Store { return openBucket(t, url) }
	}})
}

// s3Double answers as S3 does, as far as a ledger asks, and misbehaves on demand.
// It is for faults alone; the contract is tested on a real server.
type s3Double struct {
	mu       sync.Mutex
	objects  map[string]s3Object
	requests []string
	// fault is asked before every request; true means that it has answered.
	fault func(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter)) bool
	// deaf ignores If-None-Match.
	deaf bool
}

type s3Object struct{ content, mark string }

const s3Mark = "x-amz-meta-portctl-write"

func (d *s3Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.requests = append(d.requests, r.Method+" "+r.URL.Path)
	fault := d.fault
	d.mu.Unlock()
	if fault != nil && fault(w, r, func(w http.ResponseWriter) { d.serve(w, r) }) {
		return
	}
	d.serve(w, r)
}

func (d *s3Double) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := strings.TrimPrefix(r.URL.Path, "/netops/")
	object, there := d.objects[key]
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		d.list(w, r.URL.Query())
	case r.Method == http.MethodPut && there && !d.deaf && r.Header.Get("If-None-Match") == "*":
		s3Refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	case r.Method == http.MethodPut:
		d.objects[key] = s3Object{content: string(body), mark: r.Header.Get(s3Mark)}
	case !there:
		s3Refuse(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	case r.Method == http.MethodDelete:
		delete(d.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set(s3Mark, object.mark)
		w.Header().Set("Last-Modified", "Mon, 09 Mar 2026 08:30:00 GMT")
		w.Header().Set("Content-Length", fmt.Sprint(len(object.content)))
		_, _ = io.WriteString(w, object.content)
	}
}

// list gives the keys by pages, each in any order: the token of the next page is
// the last key of this one.
func (d *s3Double) list(w http.ResponseWriter, asked url.Values) {
	type contents struct{ Key, LastModified string }
	answer := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []contents
		CommonPrefixes        []struct{ Prefix string }
	}{}
	last, listed := "", 0
	most, err := strconv.Atoi(asked.Get("max-keys"))
	if err != nil {
		s3Refuse(w, http.StatusBadRequest, "InvalidArgument", err.Error())
		return
	}
	for _, key := range slices.Sorted(maps.Keys(d.objects)) {
		if !strings.HasPrefix(key, asked.Get("prefix")) || key <= asked.Get("continuation-token") {
			continue
		}
		folder, _, below := strings.Cut(strings.TrimPrefix(key, asked.Get("prefix")), "/")
		folder = asked.Get("prefix") + folder + "/"
		below = below && asked.Get("delimiter") == "/"
		if below && strings.HasPrefix(last, folder) { // the folder stands for all that is below it
			last = key
			continue
		}
		if answer.IsTruncated = listed == most; answer.IsTruncated {
			answer.NextContinuationToken = last
			break
		}
		last, listed = key, listed+1
		if below {
			answer.CommonPrefixes = append(answer.CommonPrefixes, struct{ Prefix string }{folder})
			continue
		}
		answer.Contents = append(answer.Contents, contents{key, "2026-03-09T08:30:00Z"})
	}
	rand.Shuffle(len(answer.Contents), func(i, j int) {
		answer.Contents[i], answer.Contents[j] = answer.Contents[j], answer.Contents[i]
	})
	_ = xml.NewEncoder(w).Encode(answer)
}

func s3Refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>", code, message)
}

// once calls a fault for the first request with the method and end of path.
func once(method, end string, do func(w http.ResponseWriter, serve func(http.ResponseWriter))) func(http.ResponseWriter, *http.Request, func(http.ResponseWriter)) bool {
	var mu sync.Mutex
	done := false
	return func(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter)) bool {
		mu.Lock()
		defer mu.Unlock()
		if done || r.Method != method || !strings.HasSuffix(r.URL.Path, end) {
			return false
		}
		done = true
		do(w, serve)
		return true
	}
}

const (
	testAccessKey = "AKIAIOSFODNN7EXAMPLE"
	testSecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// s3Env gives the test the credentials of the double, and keeps those of the
// machine out.
func s3Env(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": testAccessKey, "AWS_SECRET_ACCESS_KEY": testSecretKey, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
		"AWS_CONFIG_FILE": t.TempDir() + "/none", "AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/none",
		"AWS_USE_FIPS_ENDPOINT": "", "AWS_USE_DUALSTACK_ENDPOINT": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
	} {
		t.Setenv(name, value)
	}
}

func serveS3(t *testing.T) (*s3Double, string) {
	t.Helper()
	s3Env(t)
	d := &s3Double{objects: map[string]s3Object{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return d, "s3://netops/team/portctl?endpoint=" + server.URL + "&use_path_style=true"
}

func (d *s3Double) set(fault func(http.ResponseWriter, *http.Request, func(http.ResponseWriter)) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = fault
}

func openBucket(t *testing.T, url string) *ledger.Bucket {
	t.Helper()
	b, err := ledger.OpenBucket(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestBucketKeepsToItsPrefix(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	mustCreate(t, b, "claims/api/1", "x")
	wantRecord(t, b, "claims/api/1", "x")
	if _, err := b.Lock(t.Context(), "emea", ledger.Holder{Run: "run-1"}); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, b, "claims/api/3", "x")
	mustCreate(t, b, "claims/api/2", "x")
	for range 5 { // the double lists in another order every time
		got, err := b.List(t.Context(), "")
		if diff := cmp.Diff([]string{"claims/api/1", "claims/api/2", "claims/api/3"}, got); err != nil || diff != "" {
			t.Errorf("List: %v\n%s", err, diff)
		}
	}
	for key := range d.objects {
		if !strings.HasPrefix(key, "team/portctl/") {
			t.Errorf("object %s is outside of the prefix", key)
		}
	}
	if b.Place() != url {
		t.Errorf("Place() = %q, want %q", b.Place(), url)
	}
}

// TestBucketAnswerLost: the write took place, its answer did not arrive, and the
// client wrote again by itself. The second answer says that the record exists:
// it is ours.
func TestBucketAnswerLost(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	d.set(once(http.MethodPut, "/claims/1", func(w http.ResponseWriter, serve func(http.ResponseWriter)) {
		serve(httptest.NewRecorder())
		s3Refuse(w, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
	}))
	mustCreate(t, b, "claims/1", "ours")
	if got, want := d.count("PUT /netops/team/portctl/claims/1"), 2; got != want {
		t.Fatalf("%d writes, want %d: the case did not arise", got, want)
	}
	if err := b.Create(t.Context(), "claims/1", []byte("ours")); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("another Create of the same = %v, want ErrExists", err)
	}
}

func (d *s3Double) count(request string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, r := range d.requests {
		if r == request {
			n++
		}
	}
	return n
}

// TestBucketLostToAnother: our first write failed, another's took place, and ours
// was sent again: the record is theirs.
func TestBucketLostToAnother(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	d.set(once(http.MethodPut, "/claims/1", func(w http.ResponseWriter, _ func(http.ResponseWriter)) {
		d.mu.Lock()
		d.objects["team/portctl/claims/1"] = s3Object{content: "ours", mark: "theirs"}
		d.mu.Unlock()
		s3Refuse(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	}))
	if err := b.Create(t.Context(), "claims/1", []byte("ours")); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("Create = %v, want ErrExists", err)
	}
}

// TestBucketBusy: S3 answers 409 while another conditional write is under way.
func TestBucketBusy(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	busy := func(w http.ResponseWriter, _ func(http.ResponseWriter)) {
		s3Refuse(w, http.StatusConflict, "ConditionalRequestConflict", "A conflicting operation occurred.")
	}
	d.set(once(http.MethodPut, "/claims/1", busy))
	mustCreate(t, b, "claims/1", "x")
	wantRecord(t, b, "claims/1", "x")

	d.set(func(w http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) bool {
		if strings.HasSuffix(r.URL.Path, "/claims/2") {
			busy(w, nil)
		}
		return strings.HasSuffix(r.URL.Path, "/claims/2")
	})
	b.SetTimeout(300 * time.Millisecond)
	wantFailure(t, b.Create(t.Context(), "claims/2", []byte("x")), nil, "check the network", "no answer within 300ms")
}

// TestBucketThatOverwrites: a server that ignores If-None-Match is found out before
// the first record.
func TestBucketThatOverwrites(t *testing.T) {
	d, url := serveS3(t)
	d.deaf = true
	for range 2 { // with the object of the first look and without
		b := openBucket(t, url)
		err := b.Create(t.Context(), "claims/1", []byte("x"))
		wantFailure(t, err, nil, "conditional writes", "ignores If-None-Match", "claims/1", "s3://netops/team/portctl")
		_, err = b.Lock(t.Context(), "emea", ledger.Holder{Run: "run-1"})
		wantFailure(t, err, nil, "conditional writes", "ignores If-None-Match")
		if keys, err := b.List(t.Context(), ""); err != nil || len(keys) != 0 {
			t.Errorf("List = %q, %v: there must be no record", keys, err)
		}
	}
	d.mu.Lock()
	d.deaf = false
	d.mu.Unlock()
	b := openBucket(t, url)
	for i := range 3 {
		mustCreate(t, b, fmt.Sprint("claims/", i), "x")
	}
	if got, want := d.count("PUT /netops/team/portctl/.portctl-never-overwritten"), 4*2+1; got != want {
		t.Errorf("the promise was tested by %d writes, want %d: two for each call that failed, one for the rest", got, want)
	}
}

// TestBucketRefusals: what the server says reaches the reader, with the key, the
// place and a way on, and never passes for a fact about a record.
func TestBucketRefusals(t *testing.T) {
	for _, c := range []struct {
		status              int
		code, message, hint string
	}{
		{http.StatusForbidden, "AccessDenied", "Access Denied", "s3:PutObject"},
		{http.StatusForbidden, "InvalidAccessKeyId", "The key does not exist in our records.", "AWS_ACCESS_KEY_ID"},
		{http.StatusForbidden, "SignatureDoesNotMatch", "The signature does not match.", "AWS_SECRET_ACCESS_KEY"},
		{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist", "create the bucket"},
		{http.StatusMovedPermanently, "PermanentRedirect", "Use the other endpoint.", "AWS_REGION"},
		{http.StatusNotImplemented, "NotImplemented", "A header you provided is not implemented.", "conditional writes"},
	} {
		t.Run(c.code, func(t *testing.T) {
			d, url := serveS3(t)
			b := openBucket(t, url)
			d.set(func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) bool {
				s3Refuse(w, c.status, c.code, c.message)
				return true
			})
			_, readErr := b.Read(t.Context(), "claims/1")
			_, listErr := b.List(t.Context(), "claims/")
			_, openErr := ledger.OpenBucket(t.Context(), url)
			for did, err := range map[string]error{
				"create claims/1":  b.Create(t.Context(), "claims/1", []byte("x")),
				"read claims/1":    readErr,
				`list "claims/"`:   listErr,
				"open the bucket":  openErr,
				"read locks/emea.": b.Unlock(t.Context(), "emea", "run-1"),
			} {
				wantFailure(t, err, nil, c.hint, did, "s3://netops/team/portctl", c.code+": "+c.message)
				wantNoSecret(t, err)
			}
		})
	}
}

func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range []string{testAccessKey, testSecretKey} {
		if strings.Contains(text, secret) {
			t.Errorf("the error shows a credential: %v", err)
		}
	}
}

// TestBucketHangs: every operation ends, and says so.
func TestBucketHangs(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	held, err := b.Lock(t.Context(), "emea", ledger.Holder{Run: "run-1"})
	if err != nil {
		t.Fatal(err)
	}
	d.set(func(_ http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) bool {
		_, _ = io.Copy(io.Discard, r.Body) // the server sees the client go only behind the body
		<-r.Context().Done()
		return true
	})
	b.SetTimeout(50 * time.Millisecond)
	_, readErr := b.Read(t.Context(), "claims/1")
	_, listErr := b.List(t.Context(), "claims/")
	_, lockErr := b.Lock(t.Context(), "apac", ledger.Holder{Run: "run-1"})
	for _, err := range []error{
		b.Create(t.Context(), "claims/1", []byte("x")), readErr, listErr, lockErr,
		b.Unlock(t.Context(), "emea", "run-1"), held.Release(t.Context()),
	} {
		wantFailure(t, err, context.DeadlineExceeded, "check the network", "no answer within 50ms", "s3://netops")
	}
	d.set(nil)
	b.SetTimeout(10 * time.Second)
	if err := held.Release(t.Context()); err != nil {
		t.Errorf("Release when the bucket answers again: %v", err)
	}
}

// TestBucketInterrupted: an operation ends with its context.
func TestBucketInterrupted(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	d.set(func(_ http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
		return true
	})
	if err := b.Create(ctx, "claims/1", []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("Create = %v, want context.Canceled", err)
	}
}

// TestBucketReleaseAfterInterrupt: a run that is interrupted gives its lock back, over
// a real connection, which an ended context would cut.
func TestBucketReleaseAfterInterrupt(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	held, err := b.Lock(t.Context(), "emea", ledger.Holder{Run: "run-1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := held.Release(ctx); err != nil {
		t.Errorf("Release: %v", err)
	}
	if got, want := d.count("DELETE /netops/team/portctl/locks/emea.json"), 1; got != want {
		t.Errorf("%d deletes of the lock, want %d", got, want)
	}
}

func TestBucketOutOfReach(t *testing.T) {
	s3Env(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := ledger.OpenBucket(t.Context(), "s3://netops?use_path_style=true&endpoint="+gone.URL)
	wantFailure(t, err, nil, "check the network", "connection refused", "s3://netops?endpoint="+gone.URL)
}

func TestBucketWithoutCredentials(t *testing.T) {
	_, url := serveS3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := ledger.OpenBucket(t.Context(), url)
	wantFailure(t, err, nil, "AWS_ACCESS_KEY_ID", "no credentials")
}

// TestBucketCredentialsRefused: what the service that gives out credentials says
// is not taken for the bucket's word.
func TestBucketCredentialsRefused(t *testing.T) {
	_, url := serveS3(t)
	for _, code := range []string{"AccessDenied", "NoSuchKey", "PreconditionFailed"} {
		assumeRole(t, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>Not authorized.</Message></Error></ErrorResponse>", code)
		})
		_, err := ledger.OpenBucket(t.Context(), url)
		wantFailure(t, err, nil, "AWS_PROFILE", "no credentials", "AssumeRoleWithWebIdentity", code+": Not authorized.")
	}
}

// assumeRole makes the credentials of the test those that a service gives out for
// the token of a workload, as in a Kubernetes cluster of AWS.
func assumeRole(t *testing.T, answer func(http.ResponseWriter)) {
	t.Helper()
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
	t.Cleanup(sts.Close)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a token"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL_STS": sts.URL,
		"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/portctl",
	} {
		t.Setenv(name, value)
	}
}

// signedAs is whose credentials and region a request was signed with.
func signedAs(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	parts := strings.Split(scope, "/") // key id, day, region, service
	return parts[0] + " " + parts[min(2, len(parts)-1)]
}

// TestBucketSignsAs: credentials and region come from where all tools of AWS look,
// and the URL's settings go first.
func TestBucketSignsAs(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(shared, []byte(`[profile ops]
aws_access_key_id = OFPROFILE
aws_secret_access_key = secret
region = ap-southeast-2
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, settings, want string
		env                  map[string]string
		role                 bool
	}{
		{name: "environment", want: testAccessKey + " eu-west-2"},
		{name: "region of the URL", settings: "&region=us-west-2", want: testAccessKey + " us-west-2"},
		{name: "no region", env: map[string]string{"AWS_REGION": ""}, want: testAccessKey + " us-east-1"},
		{name: "endpoints of AWS", env: map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, want: testAccessKey + " eu-west-2"},
		{name: "profile of the URL", settings: "&profile=ops", env: map[string]string{"AWS_REGION": ""}, want: "OFPROFILE ap-southeast-2"},
		{name: "profile of the environment", env: map[string]string{"AWS_PROFILE": "ops", "AWS_REGION": "", "AWS_ACCESS_KEY_ID": ""}, want: "OFPROFILE ap-southeast-2"},
		{name: "role of a workload", role: true, want: "OFROLE eu-west-2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, url := serveS3(t)
			t.Setenv("AWS_CONFIG_FILE", shared)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			if c.role {
				assumeRole(t, func(w http.ResponseWriter) {
					_, _ = io.WriteString(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>OFROLE</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
				})
			}
			var got string
			d.set(func(_ http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) bool {
				got = signedAs(r)
				return false
			})
			openBucket(t, url+c.settings)
			if got != c.want {
				t.Errorf("signed as %q, want %q", got, c.want)
			}
		})
	}
}

// TestBucketWrites: what a write carries.
func TestBucketWrites(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url+"&ssetype=aws:kms&kmskeyid=alias/portctl")
	var got http.Header
	d.set(func(_ http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) bool {
		if r.Method == http.MethodPut {
			got = r.Header
		}
		return false
	})
	mustCreate(t, b, "claims/1", "x")
	for name, want := range map[string]string{
		"If-None-Match": "*", "Content-Type": "application/json", "Content-Length": "1",
		"X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "alias/portctl",
		"X-Amz-Checksum-Crc32": "", "X-Amz-Trailer": "", "X-Amz-Sdk-Checksum-Algorithm": "", // servers other than AWS may refuse them
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
	if got.Get(s3Mark) == "" {
		t.Error("the write is not marked")
	}
}

// TestBucketFailsClosed: what is no answer of S3 does not pass for a fact.
func TestBucketFailsClosed(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"page of a proxy":      {http.StatusNotFound, "<html>not found</html>", "NotFound"},
		"empty page":           {http.StatusNotFound, "", "NotFound"},
		"list without the end": {http.StatusOK, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			d, url := serveS3(t)
			b := openBucket(t, url)
			d.set(func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) bool {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
				return true
			})
			_, err := b.List(t.Context(), "claims/")
			wantFailure(t, err, nil, "", c.want)
			if c.status != http.StatusOK {
				_, err = b.Read(t.Context(), "claims/1")
				wantFailure(t, err, nil, "", c.want)
				if errors.Is(err, ledger.ErrNotFound) {
					t.Errorf("Read = %v: it passes for a record that is not there", err)
				}
			}
		})
	}
}

func TestBucketSettings(t *testing.T) {
	_, url := serveS3(t)
	t.Setenv("AWS_PROFILE", "nobody")
	_, err := ledger.OpenBucket(t.Context(), url)
	wantFailure(t, err, nil, "AWS_PROFILE", "nobody")
	t.Setenv("AWS_PROFILE", "")
	for _, region := range []string{"", "eu_west"} {
		t.Setenv("AWS_REGION", region)
		_, err = ledger.OpenBucket(t.Context(), "s3://netops/portctl") // fails before a request
		wantFailure(t, err, nil, "AWS_REGION", "region")
	}
}

func TestBucketLockThatNamesNobody(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	for _, content := range []string{"", "{}", "<html>", `{"run": 7}`} {
		d.mu.Lock()
		d.objects["team/portctl/locks/emea.json"] = s3Object{content: content}
		d.mu.Unlock()
		_, err := b.Lock(t.Context(), "emea", ledger.Holder{Run: "run-1"})
		wantFailure(t, err, nil, "delete the object locks/emea.json", "does not name its holder")
		wantFailure(t, b.Unlock(t.Context(), "emea", "run-1"), nil, "delete the object locks/emea.json")
	}
}

// TestBucketUnlockSpeaks: who asks to break the wrong lock learns whose it is.
func TestBucketUnlockSpeaks(t *testing.T) {
	_, url := serveS3(t)
	b := openBucket(t, url)
	since := time.Date(2026, 3, 9, 8, 30, 0, 0, time.UTC)
	if _, err := b.Lock(t.Context(), "emea", ledger.Holder{Run: "run-1", By: "ana@jump1", Since: since}); err != nil {
		t.Fatal(err)
	}
	err := b.Unlock(t.Context(), "emea", "run-2")
	const want = `ledger: the lock emea is not that of run "run-2": run run-1 of ana@jump1 holds the lock since 2026-03-09T08:30:00Z`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	if err := b.Unlock(t.Context(), "apac", "run-1"); err == nil || !strings.Contains(err.Error(), "the lock apac is not held") {
		t.Errorf("Unlock of what nobody holds = %v", err)
	}
}
