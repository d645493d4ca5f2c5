package cli

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

const onePort = `version: 1
name: net
ports:
  - {name: a, site: Equinix LD5, speed: 10G, term: 12}
`

// Only the word yes buys.
func TestConfirmation(t *testing.T) {
	for answer, code := range map[string]int{
		"yes\n": exitDone, " yes \n": exitDone, "yes": exitDone,
		"y\n": exitRefused, "YES\n": exitRefused, "no\n": exitRefused, "\n": exitRefused, "": exitRefused,
	} {
		t.Run(strings.TrimSpace(answer), func(t *testing.T) {
			server, err := sandbox.New(sandbox.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			web := httptest.NewServer(server)
			defer web.Close()
			file := filepath.Join(t.TempDir(), "net.yaml")
			if err := os.WriteFile(file, []byte(onePort), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, stderr bytes.Buffer
			got := Main([]string{"apply", "-f", file, "--env", "sandbox", "--base-url", web.URL, "--no-wait", "--no-loa"}, Streams{
				In: strings.NewReader(answer), Out: &out, Err: &stderr, Getenv: func(string) string { return "" },
				InTerminal: true, ErrTerminal: true,
			})
			if got != code {
				t.Errorf("exit %d, want %d\n%s%s", got, code, &out, &stderr)
			}
			want := 0
			if code == exitDone {
				want = 1
			}
			if n := server.Record().Committed; n != want {
				t.Errorf("%d orders bought, want %d", n, want)
			}
			if !strings.Contains(out.String(), "GBP 475.00") || !strings.Contains(stderr.String(), "Only yes will do") {
				t.Errorf("the price or the question is missing:\n%s%s", &out, &stderr)
			}
		})
	}
}
