package cli

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// onePort is an inventory that buys one port.
const onePort = `version: 1
name: net
ports:
  - {name: a, site: Equinix LD5, speed: 10G, term: 12}
`

// inventoryFile is onePort in a folder of its own.
func inventoryFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "net.yaml")
	if err := os.WriteFile(file, []byte(onePort), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// rehearsal is an account for one test, and what was said while it was used.
type rehearsal struct {
	server      *sandbox.Server
	url         string
	out, stderr bytes.Buffer
}

func newRehearsal(t *testing.T, knobs sandbox.Knobs) *rehearsal {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{Knobs: knobs})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rehearsal{server: server, url: web.URL}
}

// apply applies an inventory file and returns the exit code.
func (r *rehearsal) apply(file string, s Env, args ...string) int {
	s.Out, s.Err, s.Getenv = &r.out, &r.stderr, func(string) string { return "" }
	return Main(append([]string{"apply", "-f", file, "--env", "sandbox", "--base-url", r.url}, args...), s)
}
