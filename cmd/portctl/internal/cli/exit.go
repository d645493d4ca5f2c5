package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// The exit codes. They are part of portctl's interface: docs/exit-codes.md.
const (
	exitDone      = apply.ExitDone
	exitError     = 1 // usage, credentials, network: any error without a code of its own
	exitPending   = 2 // changes are pending; plan --detailed-exitcode only
	exitRefused   = apply.ExitRefused
	exitPartly    = apply.ExitPartly
	exitUnknown   = apply.ExitUnknown
	exitUncovered = 6 // the saved or expected plan does not cover what would be done
	exitNotReady  = apply.ExitNotReady
	exitStopped   = apply.ExitStopped // a second Ctrl-C: what was in flight was left behind
)

// exitError carries an exit code out of a command. An empty message means that
// everything was said already.
type exitErr struct {
	code int
	err  error
}

func (e *exitErr) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitErr) Unwrap() error { return e.err }

// exitWith ends the command with a code and, unless err is nil, a message.
func exitWith(code int, err error) error { return &exitErr{code, err} }

// hinted is an error that knows the way out.
type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }

func withHint(err error, hint string) error { return hinted{err, hint} }

// codeOf is the exit code for what a command returned.
func codeOf(err error) int {
	var exit *exitErr
	var diags inventory.Diagnostics
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &diags):
		return exitRefused
	default:
		return exitError
	}
}

// reportError tells the reader what went wrong and what to do.
func reportError(w io.Writer, err error) {
	var diags inventory.Diagnostics
	if errors.As(err, &diags) {
		_ = diags.WriteText(w)
		return
	}
	if err == nil || err.Error() == "" {
		return
	}
	message := err.Error()
	if errors.Is(err, context.Canceled) {
		message = "interrupted"
	}
	fmt.Fprintf(w, "error: %s\n", indent(message))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", indent(hint))
	}
}

// indent sets the further lines of a message under its first.
func indent(s string) string {
	return strings.ReplaceAll(string(plan.VisibleText([]byte(s))), "\n", "\n  ")
}
