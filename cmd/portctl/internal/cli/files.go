package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// output is standard output that remembers what could not be written: no command
// may exit 0 without its output.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

// account makes an error of a command's end when its output could not be written.
// A code that the command has already stays: it says more.
func (o *output) account(err error) error {
	if o.err == nil || errors.Is(err, o.err) {
		return err
	}
	lost := withHint(fmt.Errorf("standard output could not be written: %w", o.err), "the command itself ended; only what it printed is lost")
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

// writePrivate writes a file that only its owner reads, whole or not at all. What is
// no regular file, such as a pipe or /dev/stdout, is written as it is.
func writePrivate(path string, content []byte) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, content, 0o600)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays a link
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".portctl-*.tmp") // 0600
	if err != nil {                                                 // a file may be writable in a folder that is not
		return os.WriteFile(path, content, 0o600)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Sync()
	}
	if closing := tmp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}
