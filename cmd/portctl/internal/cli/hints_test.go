package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/megaport"
)

// What goes wrong with the API comes with the way out.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"no network":       {&megaport.RequestError{Err: io.EOF, NotSent: true}, "check the network"},
		"no token server":  {&megaport.AuthError{TokenURL: "http://a", Err: io.EOF}, "check the network"},
		"wrong token URL":  {&megaport.AuthError{TokenURL: "http://a", Status: 404, Refused: true, Err: io.EOF}, "correct --token-url"},
		"odd listing":      {&megaport.DecodeError{Status: 200, Err: io.EOF}, "the trace id"},
		"busy":             {&megaport.Error{Status: 429}, "run the same command again later"},
		"broken":           {&megaport.Error{Status: 503}, "run the same command again later"},
		"not allowed":      {&megaport.Error{Status: 403}, "check its role"},
		"its own hint":     {withHint(&megaport.Error{Status: 503}, "do this"), "do this"},
		"wrapped":          {fmt.Errorf("reading: %w", &megaport.Error{Status: 503}), "run the same command again later"},
		"interrupted":      {&megaport.RequestError{Err: context.Canceled}, ""},
		"a bad request":    {&megaport.Error{Status: 400}, ""},
		"a refused key":    {&megaport.AuthError{TokenURL: "http://a", Status: 401, Refused: true, Err: io.EOF}, ""},
		"something else":   {errors.New("else"), ""},
		"nothing happened": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hintOf(c.err); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("hint %q, want %q", got, c.want)
			}
			var b bytes.Buffer
			reportError(&b, c.err)
			if strings.Contains(b.String(), "\nhint: ") != (c.want != "") {
				t.Errorf("the report is\n%s", &b)
			}
			if before := nothingSent(c.err); c.err != nil && c.want != "do this" && !strings.HasPrefix(hintOf(before), "nothing was bought or changed; ") {
				t.Errorf("before any order the hint is %q", hintOf(before))
			}
		})
	}
}
