package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// A memory is of one account, goes along with its folder, and knows a place by
// whatever name.
func TestMemory(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "repo", ".portctl")
	production, staging := memory{folder, "production"}, memory{folder, "staging"}
	last := func(m memory, want string) {
		t.Helper()
		if got, err := m.last(); err != nil || got != want {
			t.Errorf("last %q (%v), want %q", got, err, want)
		}
	}
	last(production, "")
	for m, place := range map[memory]string{production: "s3://netops/portctl?region=eu-west-1", staging: filepath.Join(folder, "ledger")} {
		if err := m.remember(place); err != nil {
			t.Fatal(err)
		}
		last(m, place)
	}
	last(memory{folder, "sandbox"}, "")
	last(memory{"", "production"}, "")
	if err := os.Rename(filepath.Join(root, "repo"), filepath.Join(root, "moved")); err != nil {
		t.Fatal(err)
	}
	folder = filepath.Join(root, "moved", ".portctl")
	last(memory{folder, "staging"}, filepath.Join(folder, "ledger"))
	elsewhere := filepath.Join(t.TempDir(), "ledger")
	if err := (memory{folder, "staging"}).remember(elsewhere); err != nil {
		t.Fatal(err)
	}
	last(memory{folder, "staging"}, elsewhere)
	last(memory{folder, "production"}, "s3://netops/portctl?region=eu-west-1")

	for _, text := range []string{"", "{", `{"schema": 2}`, `{"schema": 1, "ledgers": 7}`} {
		if err := os.WriteFile(filepath.Join(folder, memoryFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := (memory{folder, "staging"}).last(); codeOf(err) != exitRefused || hintOf(err) == "" {
			t.Errorf("%q: exit %d, hint %q", text, codeOf(err), hintOf(err))
		}
	}
}

// Where .portctl cannot be written nothing is remembered, and nothing fails.
func TestMemoryOfAFolderThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".portctl")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (memory{file, "production"}).remember("s3://netops/portctl"); err != nil {
		t.Error(err)
	}
}

func TestSamePlace(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{root + "/real/x", root + "/link/x", true},
		{root + "/real/x", "file://" + root + "/link/y/../x", true},
		{root + "/real/x", root + "/real/y", false},
		{"s3://b/p", "s3://b/p/", true},
		{"s3://b/p", "s3://b/p?region=eu-west-1&profile=ops", true},
		{"s3://b/p", "s3://b/q", false},
		{"s3://b/p", "s3://c/p", false},
		{"s3://b/p", "s3://b/p?endpoint=http://127.0.0.1:7070", false},
		{"s3://b/p", root + "/real", false},
	} {
		if got := samePlace(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %t, want %t", c.a, c.b, got, c.same)
		}
	}
}
