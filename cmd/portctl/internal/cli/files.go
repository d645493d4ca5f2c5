package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// writeJSON writes a document as indented JSON with a final newline. The same value gives
// the same bytes.
func writeJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// output is standard output that remembers what could not be written: no command
// may exit 0 without its output.
type output struct {
	w   io.Writer
	err error
	// told gets the error too: the output whose guard this one passes by.
	told *output
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	if o.told != nil && o.told.err == nil {
		o.told.err = o.err
	}
	return n, err
}

// account makes an error of a command's end when its output could not be written.
// A code that the command has already stays: it says more.
func (o *output) account(err error) error {
	if o.err == nil || errors.Is(err, o.err) {
		return err
	}
	lost := withHint(fmt.Errorf("standard output could not be written: %w", o.err), "the command finished; only its output is lost")
	if err == nil {
		return lost
	}
	return exitWith(codeOf(err), errors.Join(emptyAsNil(err), lost))
}

// emptyAsNil is an error that has something to say, or nil.
func emptyAsNil(err error) error {
	if err.Error() == "" {
		return nil
	}
	return err
}
