package plan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/portctl/portctl/pkg/internal/testkit/plancase"
	"github.com/portctl/portctl/pkg/plan"
)

// TestEveryKindAndReasonHasACase reads the constants from the source of package
// plan, so that a new reason without a case fails.
func TestEveryKindAndReasonHasACase(t *testing.T) {
	const source = "action.go"
	seenKinds, seenReasons := map[string]string{}, map[string]string{}
	for _, file := range plancase.Files(t, "testdata") {
		for _, a := range plancase.Read(t, file).Actions {
			seenKinds[string(a.Kind)], seenReasons[string(a.Reason.Code)] = file, file
		}
	}
	kinds, reasons := constants(t, source, "Kind"), constants(t, source, "ReasonCode")
	if len(kinds) != len(plan.Kinds()) || len(reasons) < 30 {
		t.Fatalf("read %d kinds and %d reasons from %s: the test does not see them all", len(kinds), len(reasons), source)
	}
	for name, value := range kinds {
		if seenKinds[value] == "" {
			t.Errorf("no case shows kind %s (%q)", name, value)
		}
	}
	for name, value := range reasons {
		if seenReasons[value] == "" {
			t.Errorf("no case shows reason %s (%q)", name, value)
		}
	}
}

// TestEveryProblemHasAWayOut: whatever holds an entry back, the plan says what to do
// about it, or quotes the API, which is to say it.
func TestEveryProblemHasAWayOut(t *testing.T) {
	for _, file := range plancase.Files(t, "testdata") {
		for _, a := range plancase.Read(t, file).Actions {
			stuck := a.Kind == plan.Blocked || a.Kind == plan.Unknown
			if stuck && a.Reason.Hint == "" && a.Reason.Way == nil && a.Reason.Code != plan.ReasonRefused {
				t.Errorf("%s: %s is held back (%s) and nothing says what to do", file, a.Name, a.Reason.Code)
			}
		}
	}
}

// constants are the string constants of a type that a file declares, by name.
func constants(t *testing.T, file, typeName string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typeName {
			for i, name := range spec.Names {
				value, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out[name.Name] = value
			}
		}
		return true
	})
	return out
}
