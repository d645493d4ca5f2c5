package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// On a terminal each thing that is written is asked once; yes takes the one proposal, no
// answer stops it, and an answer that is none is asked again.
func TestSpreadsheetQuestionsOnATerminal(t *testing.T) {
	for name, tt := range map[string]struct {
		typed string
		code  int
		want  string // in what is written
		asked int
	}{
		"yes":             {"yes\nred\n", exitDone, "EQX FR5: {id: 131}", 2},
		"another id":      {"130\nblue\n", exitDone, "EQX FR5: {id: 130}", 2},
		"no location":     {"4711\nred\nyes\n", exitDone, "EQX FR5: {id: 131}", 3},
		"nothing":         {"\n", exitRefused, "", 1},
		"the end of it":   {"", exitRefused, "", 1},
		"nothing at last": {"yes\n\n", exitRefused, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			rows := "name,site,speed,zone,term\na,EQX FR5,10G,A,12\nb,EQX FR5,10G,A,12\n"
			if err := os.WriteFile("ports.csv", []byte(rows), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, stderr bytes.Buffer
			code := Main([]string{"init", "--from", "ports.csv", "--env", "sandbox", "--save-map", "ports.map", "net.yaml"}, Env{
				In: strings.NewReader(tt.typed), Out: &out, Err: &stderr, Getenv: func(string) string { return "" },
				InTerminal: true, ErrTerminal: true,
			})
			if code != tt.code {
				t.Errorf("exit %d: %s", code, &stderr)
			}
			if n := strings.Count(stderr.String(), "type "); n != tt.asked {
				t.Errorf("asked %d times: %s", n, &stderr)
			}
			written, err := os.ReadFile(filepath.Join(".", "net.yaml"))
			if (err == nil) != (tt.want != "") || !strings.Contains(string(written), tt.want) {
				t.Errorf("written (%v):\n%s", err, written)
			}
			if _, err := os.Stat("ports.map"); (err == nil) != (tt.want != "") {
				t.Errorf("answers: %v", err)
			}
		})
	}
}
