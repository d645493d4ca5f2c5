package layout

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestPositionsAndOffsets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Source{Text: rapid.StringMatching(`([a-zé中#: -]{0,6}\r?\n){0,5}[a-zé中]{0,4}`).Draw(t, "text")}
		for at := range s.Text + "." {
			line, column := s.Position(at)
			if at > 0 && s.Text[at-1] == '\r' {
				continue // Between the two characters of a line break.
			}
			if back := s.Offset(line, column); back != at {
				t.Fatalf("%q: %d is %d:%d, which is %d", s.Text, at, line, column, back)
			}
		}
	})
}

func TestFormat(t *testing.T) {
	got, err := Format("a:   1 # one\nlong: {b:  2}  # two\nc:\n- 'd'\n# end\n")
	if want := "a: 1          # one\nlong: {b: 2}  # two\nc:\n  - \"d\"\n# end\n"; err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	var directive *DirectiveError
	if _, err := Format("%YAML 1.1\n---\na: 1\n"); !errors.As(err, &directive) || directive.Line != 1 {
		t.Errorf("a directive: %v", err)
	}
	if _, err := Format("a: [\n"); err == nil {
		t.Error("what is no YAML is formatted")
	}
}
