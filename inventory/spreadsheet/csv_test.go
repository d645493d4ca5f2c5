package spreadsheet

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want [][]Cell
	}{
		"commas":          {"name,site\na, LD5 \n", [][]Cell{{{"name", 1, 1}, {"site", 1, 6}}, {{"a", 2, 1}, {"LD5", 2, 4}}}},
		"characters":      {"é;\u00a0b\r\n\r\n;;\r\nc;d\r\n", [][]Cell{{{"é", 1, 1}, {"b", 1, 4}}, {{"c", 4, 1}, {"d", 4, 3}}}},
		"quotes":          {"\"a, b\",c\n", [][]Cell{{{"a, b", 1, 2}, {"c", 1, 8}}}},
		"Excel's line":    {"sep=|\na|b,c\n", [][]Cell{{{"a", 2, 1}, {"b,c", 2, 3}}}},
		"tabs keep gaps":  {"a\t\tb\n", [][]Cell{{{"a", 1, 1}, {"", 1, 3}, {"b", 1, 4}}}},
		"line in a cell":  {"a,\"b\nc\"\nd,e\n", [][]Cell{{{"a", 1, 1}, {"b\nc", 1, 4}}, {{"d", 3, 1}, {"e", 3, 3}}}},
		"nothing":         {"", nil},
		"nothing to read": {",,\n \n", nil},
	} {
		got, err := Read(c.text)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, -want +got:\n%s", name, err, diff)
		}
	}
}

func TestReadBroken(t *testing.T) {
	rows, err := Read("sep=,\na,b\nc,d\"e\n")
	var broken *SyntaxError
	if !errors.As(err, &broken) || broken.Line != 3 || broken.Column != 4 || len(rows) != 1 {
		t.Errorf("%d rows, %#v", len(rows), err)
	}
}
