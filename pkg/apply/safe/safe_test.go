package safe_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/apply/safe"
)

func TestPanicBecomesAnError(t *testing.T) {
	g, ctx := safe.WithContext(t.Context(), 2)
	g.Go(func() error { return nil })
	g.Go(func() error { panic("boom") })
	var broken *safe.PanicError
	if err := g.Wait(); !errors.As(err, &broken) || broken.Value != "boom" || !strings.Contains(broken.Hint(), "safe_test.go") {
		t.Errorf("error %v", err)
	}
	if ctx.Err() == nil {
		t.Error("the others are not told to stop")
	}
	cause := errors.New("cause")
	if err := safe.Do(func() error { return cause }); !errors.Is(err, cause) {
		t.Errorf("an error comes back as %v", err)
	}
}
