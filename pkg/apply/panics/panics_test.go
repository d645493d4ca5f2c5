package panics_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/apply/panics"
)

func TestPanicBecomesAnError(t *testing.T) {
	g, ctx := panics.WithContext(t.Context(), 2)
	g.Go(func() error { return nil })
	g.Go(func() error { panic("boom") })
	var broken *panics.PanicError
	if err := g.Wait(); !errors.As(err, &broken) || broken.Value != "boom" || !strings.Contains(broken.Hint(), "panics_test.go") {
		t.Errorf("error %v", err)
	}
	if ctx.Err() == nil {
		t.Error("the others are not told to stop")
	}
	cause := errors.New("cause")
	if err := panics.Do(func() error { return cause }); !errors.Is(err, cause) {
		t.Errorf("an error comes back as %v", err)
	}
}
