package cli

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory"
)

// TestAnnotationsHoldNoCommands proves of any text, in a message, a hint or the
// name of a file, that the annotation stays one line and means the same.
func TestAnnotationsHoldNoCommands(t *testing.T) {
	undo := func(text string) string {
		return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(text)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a%:,\r\n]{0,12}`))
		d := inventory.Diagnostic{
			Rule: "bad-speed", Severity: inventory.Error, File: text.Draw(t, "file"), Line: 3, Column: 5, EndColumn: 9,
			Message: text.Draw(t, "message"), Hint: text.Draw(t, "hint"),
		}
		var b strings.Builder
		if err := writeAnnotations(&b, diagnosticAnnotations(inventory.Diagnostics{d}), ""); err != nil {
			t.Fatal(err)
		}
		line, rest, _ := strings.Cut(b.String(), "\n")
		if rest != "" || strings.Contains(line, "\r") {
			t.Fatalf("not one line: %q", b.String())
		}
		head, message, ok := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		if !ok || !strings.HasPrefix(head, "error ") {
			t.Fatalf("%q is not an annotation", line)
		}
		want := d.Message
		if d.Hint != "" {
			want += "\nhint: " + d.Hint
		}
		if undo(message) != want {
			t.Fatalf("the message is %q, not %q", undo(message), want)
		}
		properties := map[string]string{}
		for _, p := range strings.Split(strings.TrimPrefix(head, "error "), ",") {
			name, value, _ := strings.Cut(p, "=")
			properties[name] = undo(value)
		}
		if properties["file"] != d.File || properties["line"] != "3" || properties["col"] != "5" || properties["endColumn"] != "8" || properties["title"] != d.Rule {
			t.Fatalf("%q has the properties %v", line, properties)
		}
	})
}

// GitHub drops what is more than ten of a kind; the tenth says how many.
func TestAnnotationsAreCounted(t *testing.T) {
	for n, want := range map[int]int{1: 1, 10: 10, 11: 10, 40: 10} {
		var all []annotation
		for range n {
			all = append(all, annotation{level: "error", text: "x"}, annotation{level: "warning", text: "y"})
		}
		var b strings.Builder
		if err := writeAnnotations(&b, all, ""); err != nil {
			t.Fatal(err)
		}
		last := fmt.Sprintf("::error title=portctl::and %d more: ", n-9)
		if got := strings.Count(b.String(), "::error "); got != want || strings.Contains(b.String(), last) != (n > 10) || strings.Count(b.String(), "::warning ") != want {
			t.Errorf("of %d:\n%s", n, b.String())
		}
	}
}

func TestFilesAreNamedFromTheWorkspace(t *testing.T) {
	workspace := t.TempDir()
	t.Chdir(workspace)
	for _, c := range []struct{ file, workspace, want string }{
		{"a.yaml", "", "a.yaml"},
		{"a.yaml", workspace, "a.yaml"},
		{workspace + "/net/a.yaml", workspace, "net/a.yaml"},
		{"a.yaml", workspace + "/elsewhere", "a.yaml"},
		{"/etc/a.yaml", workspace, "/etc/a.yaml"},
	} {
		if got := fromWorkspace(c.file, c.workspace); got != c.want {
			t.Errorf("%s in %s is %s, not %s", c.file, c.workspace, got, c.want)
		}
	}
}
