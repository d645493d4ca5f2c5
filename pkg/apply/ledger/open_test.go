package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/apply/ledger"
)

func TestOpenStoreLocal(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	dir, err := os.Getwd() // as the system spells it
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"":                                 filepath.Join(dir, "default"),
		"state":                            filepath.Join(dir, "state"),
		"./a/b":                            filepath.Join(dir, "a", "b"),
		"../x":                             filepath.Join(filepath.Dir(dir), "x"),
		"with space":                       filepath.Join(dir, "with space"),
		"a/b:c":                            filepath.Join(dir, "a", "b:c"),
		filepath.Join(dir, "abs"):          filepath.Join(dir, "abs"),
		"file://" + filepath.ToSlash(dir):  dir,
		"file://localhost/state":           filepath.FromSlash("/state"),
		"FILE:///state/with%20space/%7Eme": filepath.FromSlash("/state/with space/~me"),
	} {
		store, err := ledger.OpenStore(t.Context(), url, filepath.Join(dir, "default"))
		if err != nil {
			t.Errorf("OpenStore(%q): %v", url, err)
			continue
		}
		if _, local := store.(*ledger.Local); !local || store.Place() != want {
			t.Errorf("OpenStore(%q) is a %T at %s, want a *ledger.Local at %s", url, store, store.Place(), want)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("opening made %v (%v): reading must write nothing", left, err)
	}
}

func TestOpenStoreBucket(t *testing.T) {
	_, url := serveS3(t)
	store, err := ledger.OpenStore(t.Context(), url+"&region=us-east-1", "")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(url, "?", "?region=us-east-1&", 1)
	if _, bucket := store.(*ledger.Bucket); !bucket || store.Place() != want {
		t.Errorf("a %T at %s, want a *ledger.Bucket at %s", store, store.Place(), want)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// badAddresses are refused, with a part of the reason. S3CR3T stands for what must
// not be repeated.
func badAddresses() map[string]string {
	return map[string]string{
		"gs://bucket/S3CR3T":                           "a gs: address",
		"https://bucket.s3.amazonaws.com/?S3CR3T":      "a https: address",
		"azblob://S3CR3T":                              "a azblob: address",
		"s3:bucket/prefix":                             "names no bucket",
		"s3://":                                        "names no bucket",
		"s3:///prefix":                                 "names no bucket",
		"s3://ab":                                      "names of 3 to 63",
		"s3://bu_:9000/x":                              "has no port",
		"s3://bucket:S3CR3T/x":                         "not a well-formed s3:",
		"s3://-bucket":                                 "names of 3 to 63",
		"s3://buck et/S3CR3T":                          "not a well-formed s3:",
		"s3://bucket/%zz/S3CR3T":                       "not a well-formed s3:",
		"s3://key:S3CR3T@bucket/prefix":                "holds credentials",
		"s3://S3CR3T@bucket/prefix":                    "holds credentials",
		"file://me:S3CR3T@/state":                      "holds credentials",
		"s3://bucket?aws_secret_access_key=S3CR3T":     "holds credentials",
		"s3://bucket?X-Amz-Signature=S3CR3T":           "holds credentials",
		"s3://bucket?secret=S3CR3T":                    "holds credentials",
		"s3://bucket?session_token=S3CR3T":             "holds credentials",
		"s3://bucket?endpoint=http://key:S3CR3T@host":  "holds credentials",
		"s3://bucket?endpoint=http://host?S3CR3T":      "endpoint has a value",
		"s3://bucket?endpoint=host:9000":               "endpoint has a value",
		"s3://bucket?endpoint=http://":                 "endpoint has a value",
		"s3://bucket?endpoint=http://:9000":            "endpoint is not the address",
		"s3://bucket?endpoint=http://[::1":             "endpoint is not the address",
		"s3://bucket?endpoint=":                        "endpoint has a value",
		"s3://bucket?S3CR3T":                           "setting that is not known",
		"s3://bucket?regoin=eu-west-1":                 `no setting "regoin"`,
		"s3://bucket?region=S3CR3T":                    "region has a value",
		"s3://bucket?region=a&region=b":                "region is set more than once",
		"s3://bucket?use_path_style=yes":               "use_path_style has a value",
		"s3://bucket?region=%zz":                       "not name=value",
		"s3://bucket?a;b":                              "not name=value",
		"s3://bucket/prefix#S3CR3T":                    "a # in it",
		"s3://bucket/a//b":                             "the prefix has an empty part",
		"s3://bucket/../b":                             "the prefix has a part that begins with a dot",
		"s3://bucket/a b":                              "the prefix holds ' '",
		"s3://bucket/" + strings.Repeat("S3CR3T", 100): "the prefix has a part longer",
		"file://host/share":                            "three slashes",
		"file://":                                      "three slashes",
		"file:state":                                   "three slashes",
		"file:///state?S3CR3T":                         "takes no settings",
		"~/state":                                      "whole path",
		"~":                                            "whole path",
	}
}

func TestOpenStoreRefuses(t *testing.T) {
	s3Env(t) // so that a mistake here reaches nobody
	for url, want := range badAddresses() {
		store, err := ledger.OpenStore(t.Context(), url, "default")
		if store != nil {
			t.Errorf("OpenStore(%q) is a %T, want none", url, store)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenStore(%q) = %v, want %q", url, err, want)
			continue
		}
		var hinted interface{ Hint() string }
		if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), "file:///path") && !strings.Contains(hinted.Hint(), "AWS_PROFILE") {
			t.Errorf("OpenStore(%q): %v has no hint that names a way on", url, err)
		}
		if strings.Contains(err.Error()+hinted.Hint(), "S3CR3T") {
			t.Errorf("OpenStore(%q) repeats what may be a secret: %v", url, err)
		}
	}
	if _, err := ledger.OpenStore(t.Context(), "", ""); err == nil {
		t.Error("OpenStore of nothing succeeded")
	}
	if _, err := ledger.OpenBucket(t.Context(), "/a/path"); err == nil || !strings.Contains(err.Error(), "no bucket") {
		t.Errorf("OpenBucket of a path = %v", err)
	}
}

// FuzzOpenStore: whatever is given, there is a store or an error, and an error does
// not repeat what follows the first "@", ":" or "=".
func FuzzOpenStore(f *testing.F) {
	for url := range badAddresses() {
		f.Add(url)
	}
	f.Add("s3://bucket/prefix?region=eu-west-2&endpoint=http://127.0.0.1:7070&use_path_style=true")
	f.Add("state")
	ended, cancel := context.WithCancel(context.Background())
	cancel() // no bucket is asked
	f.Fuzz(func(t *testing.T, url string) {
		s3Env(t)
		marked := strings.ReplaceAll(url, "S3CR3T", "Gh3imN1s")
		store, err := ledger.OpenStore(ended, marked, "default")
		if (store == nil) == (err == nil) {
			t.Fatalf("OpenStore(%q) = %v, %v", marked, store, err)
		}
		if err != nil && !errors.Is(err, context.Canceled) && strings.Contains(err.Error(), "Gh3imN1s") {
			t.Errorf("OpenStore(%q) repeats its input: %v", marked, err)
		}
	})
}
