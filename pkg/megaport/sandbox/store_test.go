package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"
)

func dataFile(t testing.TB) string { return filepath.Join(t.TempDir(), "sandbox.db") }

// everything reads all that an account shows.
func everything(a *api) string {
	a.t.Helper()
	out := string(a.get("/v2/products").want(200).body)
	for _, row := range a.listing() {
		out += string(a.get("/v2/product/" + row["productUid"].(string) + "/tags").want(200).body)
	}
	out += string(a.get("/v2/service/key").want(200).body)
	out += string(a.get("/v3/order_approvals").want(200).body)
	r := a.server.Record()
	r.Routes = nil
	b, err := encode(r)
	if err != nil {
		a.t.Fatal(err)
	}
	return out + string(b)
}

// fill gives an account something of everything.
func fill(a *api) {
	a.t.Helper()
	port := a.buy(with(london, `"marketplaceVisibility":false`, `"marketplaceVisibility":true`))[0]
	lag := a.buy(londonLAG)
	a.do("PUT", "/v2/product/"+port, `{"name":"renamed"}`).want(200)
	a.do("PUT", "/v2/product/"+lag[1]+"/tags", `{"resourceTags":[{"key":"k","value":"v"}]}`).want(200)
	a.do("POST", "/v2/product/"+lag[0]+"/lock", "").want(200)
	a.do("POST", "/v3/product/"+lag[1]+"/action/CANCEL_NOW", "").want(200)
	a.do("POST", "/v2/service/key", `{"productUid":"`+port+`","description":"d","active":true,"singleUse":true,"maxSpeed":5,"preApproved":true,"vlan":7,"validFor":{"start":1,"end":2}}`).want(200)
	a.do("POST", "/_sandbox/services", `[{"uid":"s","name":"s","productType":"MCR2","adminLocked":true,"status":"FAILED","vxcs":[{"x":1}],"overrides":{"a":null}},{"uid":"r","raw":{"productUid":"r"}}]`).want(200)
	a.knobs(func(k *Knobs) { k.Approvals = true })
	a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(200)
	a.do("POST", "/v3/order_approvals/"+a.server.Record().Orders[2].Approval+"/reject", `{"comments":"no"}`).want(200)
	a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(200)
	a.knobs(func(k *Knobs) { k.Approvals = false })
}

func TestARestartKeepsEverything(t *testing.T) {
	path := dataFile(t)
	a := start(t, Config{Data: path})
	fill(a)
	want := everything(a)
	if err := a.server.Close(); err != nil {
		t.Fatal(err)
	}
	b := start(t, Config{Data: path, Now: a.clock.Now})
	wantEqual(t, "["+strings.ReplaceAll(everything(b), "}{", "},{")+"]", "["+strings.ReplaceAll(want, "}{", "},{")+"]")
	// Time went on meanwhile, and numbers too.
	a.clock.advance(4 * time.Second)
	if got := b.listing()[0]["provisioningStatus"]; got != "LIVE" {
		t.Errorf("status %v", got)
	}
	if id := b.product(b.buy(london)[0])["productId"].(float64); id <= b.listing()[3]["productId"].(float64) {
		t.Errorf("the product id %v was given before", id)
	}
	if n := b.server.Record().Routes["POST /v3/networkdesign/buy"].Count; n != 5 {
		t.Errorf("%d buy calls counted over both lives, want 5", n)
	}
}

func TestTwoServersOnOneFile(t *testing.T) {
	path := dataFile(t)
	a := start(t, Config{Data: path})
	b := start(t, Config{Data: path, Now: a.clock.Now})
	fill(a)
	wantEqual(t, strings.ReplaceAll("["+everything(b)+"]", "}{", "},{"), strings.ReplaceAll("["+everything(a)+"]", "}{", "},{"))
	uid := b.buy(londonLAG)[0]
	a.do("PUT", "/v2/product/"+uid, `{"name":"by a"}`).want(200)
	if got := b.product(uid)["productName"]; got != "by a" {
		t.Errorf("b sees the name %v", got)
	}
	grown := a.buy(with(londonLAG, `"lagPortCount":2`, fmt.Sprintf(`"lagPortCount":1,"aggregationId":%v`, b.product(uid)["aggregationId"])))[0]
	if b.product(grown)["aggregationId"] != a.product(uid)["aggregationId"] {
		t.Error("the LAG grew elsewhere")
	}
	if err := a.server.Reset(); err != nil {
		t.Fatal(err)
	}
	if n := len(b.listing()); n != 0 {
		t.Errorf("b lists %d services after a's reset", n)
	}
	b.buy(london)
	if n := len(a.listing()); n != 1 {
		t.Errorf("a lists %d services", n)
	}
}

func TestTwoServersBuyAtOnce(t *testing.T) {
	path := dataFile(t)
	servers := []*api{start(t, Config{Data: path}), start(t, Config{Data: path})}
	const each = 40
	var g errgroup.Group
	for i := range 2 * each {
		g.Go(func() error {
			order := with(london, `"lon-1"`, fmt.Sprintf(`"p%d"`, i))
			got, err := servers[i%2].try("POST", "/v3/networkdesign/buy", "["+order+"]")
			if err == nil && got.status != 200 {
				err = fmt.Errorf("status %d: %s", got.status, got.body)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, a := range servers {
		ids := make(map[any]bool)
		for _, row := range a.listing() {
			ids[row["productId"]] = true
		}
		r := a.server.Record()
		if len(ids) != 2*each || r.Committed != 2*each || len(r.Purchases) != 2*each {
			t.Errorf("%d product ids, %d committed, %d names", len(ids), r.Committed, len(r.Purchases))
		}
		seqs := make(map[int]bool)
		for _, o := range r.Orders {
			seqs[o.Seq] = true
		}
		if len(seqs) != 2*each {
			t.Errorf("%d order numbers", len(seqs))
		}
	}
}

// TestKillLosesNoAcknowledgedOrder kills a server process while it is taking
// orders, and finds everything it acknowledged in the file.
func TestKillLosesNoAcknowledgedOrder(t *testing.T) {
	path := dataFile(t)
	cmd, base := startProcess(t, path)
	token := start(t, Config{Now: time.Now}).token // good at every sandbox
	var mu sync.Mutex
	acknowledged := make(map[string]bool)
	enough := make(chan struct{})
	var buyers sync.WaitGroup
	for worker := range 8 {
		buyers.Go(func() {
			for i := 0; ; i++ {
				uid, err := buyAt(t.Context(), base, token, fmt.Sprintf("w%d-%d", worker, i))
				if err != nil {
					return // killed
				}
				mu.Lock()
				acknowledged[uid] = true
				if len(acknowledged) == 60 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(30 * time.Second):
		t.Error("the server is too slow or broken")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	buyers.Wait()
	_ = cmd.Wait() // it was killed
	a := start(t, Config{Data: path, Now: time.Now})
	listed := make(map[string]bool)
	for _, row := range a.listing() {
		listed[row["productUid"].(string)] = true
	}
	for uid := range acknowledged {
		if !listed[uid] {
			t.Errorf("%s was acknowledged and is lost", uid)
		}
	}
	if r := a.server.Record(); r.Services != len(listed) {
		t.Errorf("the record has %d services, the listing %d", r.Services, len(listed))
	}
}

// startProcess serves a data file in a process of its own and gives its base URL.
func startProcess(t *testing.T, path string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperData+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	base, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(base)
}

// buyAt buys one port over a socket; any answer but success is an error.
func buyAt(ctx context.Context, base, token, name string) (string, error) {
	order := "[" + with(london, `"lon-1"`, `"`+name+`"`) + "]"
	req, err := http.NewRequestWithContext(ctx, "POST", base+"/v3/networkdesign/buy", strings.NewReader(order))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		return "", fmt.Errorf("status %d: %w", res.StatusCode, err)
	}
	var body struct {
		Data []struct {
			UID string `json:"technicalServiceUid"`
		} `json:"data"`
	}
	if err := json.Unmarshal(b, &body); err != nil {
		return "", err
	}
	return body.Data[0].UID, nil
}

// TestRecordEqualsListing sends 500 orders at once under 30 % faults. Whatever the
// clients were told, the record and the listing must say the same.
func TestRecordEqualsListing(t *testing.T) {
	for name, path := range map[string]string{"memory": "", "file": dataFile(t)} {
		t.Run(name, func(t *testing.T) {
			a := start(t, Config{Data: path, Knobs: Knobs{FaultSeed: 42}})
			a.faults(
				"buy:commit-then-drop:p=0.05", "buy:500-after-commit:p=0.05", "buy:drop:p=0.05", "buy:502:p=0.05",
				"buy:429:p=0.05", "buy:fewer-uids-after-commit:p=0.03", "buy:backend-400-after-commit:p=0.02",
			)
			const orders = 500
			acknowledged := parallelOrders(t, a, orders)
			r := a.server.Record()
			if r.Received != orders {
				t.Errorf("received %d of %d", r.Received, orders)
			}
			committed := make(map[string]string) // UID to name
			faulty := 0
			for _, o := range r.Orders {
				if o.Fault != "" {
					faulty++
				}
				for _, uid := range o.UIDs {
					committed[uid] = o.Name
				}
			}
			listed := make(map[string]string)
			for _, row := range a.listing() {
				listed[row["productUid"].(string)] = row["productName"].(string)
			}
			if diff := cmp.Diff(committed, listed); diff != "" {
				t.Errorf("record and listing differ (-record +listing):\n%s", diff)
			}
			for uid := range acknowledged {
				if _, there := listed[uid]; !there {
					t.Errorf("acknowledged and lost: %s", uid)
				}
			}
			if faulty < orders/5 || faulty > orders*2/5 {
				t.Errorf("%d of %d orders met a fault", faulty, orders)
			}
			if n := r.Routes["POST /v3/networkdesign/buy"].Count; n != orders {
				t.Errorf("%d buy calls counted", n)
			}
		})
	}
}

// parallelOrders sends n orders at once and gives the UIDs that came back.
func parallelOrders(t *testing.T, a *api, n int) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	acknowledged := make(map[string]bool)
	var all sync.WaitGroup
	for i := range n {
		order := with(london, `"lon-1"`, fmt.Sprintf(`"p%d"`, i))
		if i%10 == 0 {
			order = with(londonLAG, `"lon-lag"`, fmt.Sprintf(`"lag%d"`, i))
		}
		all.Go(func() {
			got, err := a.try("POST", "/v3/networkdesign/buy", "["+order+"]")
			if err != nil || got.status != 200 {
				return // a fault
			}
			mu.Lock()
			defer mu.Unlock()
			for _, item := range got.data().([]any) {
				acknowledged[item.(map[string]any)["technicalServiceUid"].(string)] = true
			}
		})
	}
	all.Wait()
	return acknowledged
}

func TestReadsWriteNothing(t *testing.T) {
	path := dataFile(t)
	a := start(t, Config{Data: path})
	a.buy(london)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		a.get("/v2/products").want(200)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, after) {
		t.Error("reading changed the file")
	}
	if n := a.server.Record().Routes["GET /v2/products"].Count; n != 20 {
		t.Errorf("%d reads counted", n)
	}
	// The next write takes the counts along for other processes.
	a.buy(london)
	b := start(t, Config{Data: path, Now: a.clock.Now})
	if n := b.server.Record().Routes["GET /v2/products"].Count; n != 20 {
		t.Errorf("another process sees %d reads", n)
	}
}

func TestAFileThatIsHeldOrBrokenIsAnError(t *testing.T) {
	if _, err := New(Config{Data: filepath.Join(t.TempDir(), "missing", "x.db")}); err == nil {
		t.Error("a folder that is missing is no error")
	}
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Data: garbage}); err == nil || !strings.Contains(err.Error(), garbage) {
		t.Errorf("a file that is no database: %v", err)
	}
	path := dataFile(t)
	a := start(t, Config{Data: path})
	a.buy(london)
	spoil(t, path)
	a.get("/v2/products").want(503).says("document service/")
	b, err := New(Config{Data: path})
	if err == nil {
		_ = b.Close()
		t.Fatal("a document that cannot be read is no error")
	}
	if !strings.Contains(err.Error(), "document service/") {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(path); err != nil { // else the first server cannot save its counts
		t.Fatal(err)
	}
}

// spoil makes every service document in the file unreadable.
func spoil(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(b *bolt.Tx) error {
		docs := b.Bucket([]byte("service"))
		var keys [][]byte
		if err := docs.ForEach(func(k, _ []byte) error {
			keys = append(keys, bytes.Clone(k))
			return nil
		}); err != nil {
			return err
		}
		for _, k := range keys {
			if err := docs.Put(k, []byte("{")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFileThatVanishesStartsAnew(t *testing.T) {
	path := dataFile(t)
	a := start(t, Config{Data: path})
	a.buy(london)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if n := len(a.listing()); n != 0 {
		t.Errorf("%d services of a file that is gone", n)
	}
	a.buy(london)
	if n := len(start(t, Config{Data: path, Now: a.clock.Now}).listing()); n != 1 {
		t.Errorf("%d services", n)
	}
}

func TestDefaultUIDsAreVersion4(t *testing.T) {
	a := start(t, Config{})
	for _, uid := range a.buy(with(londonLAG, `"lagPortCount":2`, `"lagPortCount":8`)) {
		if len(uid) != 36 || uid[14] != '4' || !strings.ContainsRune("89ab", rune(uid[19])) {
			t.Errorf("UID %s", uid)
		}
	}
}

// documents reads the data file past the sandbox.
func documents(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	out := make(map[string]string)
	err = db.View(func(b *bolt.Tx) error {
		return b.ForEach(func(name []byte, in *bolt.Bucket) error {
			return in.ForEach(func(k, v []byte) error {
				out[string(name)+"/"+string(k)] = string(v)
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTheFormOnDisk guards the files of older versions: a field that is renamed
// would be lost from them without a word.
func TestTheFormOnDisk(t *testing.T) {
	path := dataFile(t)
	a := start(t, Config{Data: path, NewUID: numbered()})
	uid := a.buy(with(london, `"lon-1"`, `"p"`))[0]
	a.do("POST", "/v2/service/key", `{"productUid":"`+uid+`","description":"d","active":true,"validFor":{"start":1,"end":2}}`).want(200)
	a.do("POST", "/_sandbox/services", `[{"uid":"odd","raw":{"x":[1]}}]`).want(200)
	a.knobs(func(k *Knobs) { k.Approvals = true })
	a.do("POST", "/v3/networkdesign/buy", `[{"productName":"q","productType":"MEGAPORT","portSpeed":1000,"locationId":89,"term":1}]`).want(200)
	docs := documents(t, path)
	for key, want := range map[string]string{
		"service/00000000-0000-4000-8000-000000000001": `{"uid":"00000000-0000-4000-8000-000000000001","productId":68001,"productType":"MEGAPORT",
			"name":"p","locationId":89,"speedMbps":1000,"termMonths":1,"zone":"blue","costCentre":"NET-042","visible":false,
			"tags":[{"key":"portctl-order","value":"o-1"}],"aggregationId":0,"lagId":0,"lagPrimary":false,"companyUid":"","companyName":"","crossConnect":false,"locked":false,"adminLocked":false,
			"createdAt":1772366400000,"configuredAt":1772366402000,"liveAt":1772366404000,"cancelledAt":0,"decommissionedAt":0,"status":"",
			"vxcs":[],"overrides":{}}`,
		"key/00000000-0000-4000-8000-000000000002": `{"key":"00000000-0000-4000-8000-000000000002","seq":1,"createdAt":1772366400000,
			"productUid":"00000000-0000-4000-8000-000000000001","description":"d","active":true,"singleUse":false,"maxSpeed":0,
			"preApproved":false,"vlan":0,"validStart":1,"validEnd":2}`,
		"approval/00000000-0000-4000-8000-000000000003": `{"uid":"00000000-0000-4000-8000-000000000003","seq":1,"status":"PENDING",
			"order":{"productName":"q","productType":"MEGAPORT","portSpeed":1000,"locationId":89,"term":1},"name":"q","companyUid":"","orderSeq":2,
			"createdAt":1772366400000,"decidedAt":0,"comments":"","uids":[]}`,
		"counter/product": "2", "counter/order": "2", "counter/approval": "1", "counter/key": "1",
		"route/POST /v2/service/key": `{"count":1,"byStatus":{"200":1}}`,
	} {
		wantEqual(t, docs[key], want)
	}
	if odd := docs["service/odd"]; !strings.Contains(odd, `"raw":{"x":[1]}`) {
		t.Errorf("a seeded row is kept as %s", odd)
	}
	if len(docs) != 14 { // and two orders, two more route counts, and the file's id
		t.Errorf("documents %v", slices.Sorted(maps.Keys(docs)))
	}
}

// TestAFailedCommitChangesNothing lets the commit fail after the change was made
// in memory.
func TestAFailedCommitChangesNothing(t *testing.T) {
	path := dataFile(t)
	a := start(t, Config{Data: path})
	uid := a.buy(london)[0]
	err := a.server.store.update(func(tx *tx) {
		changed := tx.services.docs[uid].clone()
		changed.Name = "never"
		tx.saveService(changed)
		tx.saveService(&service{UID: "odd", Raw: jsontext.Value("{")}) // cannot be encoded
	})
	if err == nil || !strings.Contains(err.Error(), "nothing was saved") {
		t.Fatalf("error %v", err)
	}
	if got := a.product(uid)["productName"]; got != "lon-1" {
		t.Errorf("the service is %v after a commit that failed", got)
	}
	a.buy(london)
	if n := len(a.listing()); n != 2 {
		t.Errorf("%d services", n)
	}
}
