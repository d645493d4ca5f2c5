package plan_test

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

// A limit reads back from JSON as it was: money, a number of orders, or none.
func TestQuantityInJSON(t *testing.T) {
	for text, grouped := range map[string]string{`"12500.00"`: "12,500.00", `"-0.50"`: "-0.50", `"12500"`: "12500", `"-3"`: "-3", `""`: ""} {
		var q plan.Quantity
		if err := json.Unmarshal([]byte(text), &q); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{text, grouped}, []string{string(again), q.Grouped()}); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if q.IsNone() != (grouped == "") {
			t.Errorf("%s is none: %v", text, q.IsNone())
		}
	}
	for _, text := range []string{`"many"`, `"1e999999"`, `7`, `{}`} {
		var q plan.Quantity
		if err := json.Unmarshal([]byte(text), &q); err == nil {
			t.Errorf("%s reads as %s", text, q)
		}
	}
}
