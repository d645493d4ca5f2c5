package cli

import (
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
		if err := writeAnnotations(&b, inventory.Diagnostics{d}, ""); err != nil {
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
