package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// privateMode is that of plans and results, as of the ledger: orders and prices are
// nobody else's business.
const privateMode = 0o600

// writePrivate writes a file that only its owner can read. It is replaced in one
// go, so that nobody reads half of one. Through a symbolic link it is the target
// that is replaced; what is no file, such as a pipe, is written into.
func writePrivate(path string, content []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return writeInto(path, content)
	}
	replaceErr := replace(path, content)
	if replaceErr == nil || err != nil {
		return replaceErr
	}
	// A file that may be written in a folder that may not, or that is mounted.
	if writeInto(path, content) != nil {
		return replaceErr
	}
	return os.Chmod(path, privateMode)
}

func writeInto(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, privateMode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// replace puts a new file in the place of the one that may be there.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".portctl-new-*") // 0600
	if err != nil {
		var where *fs.PathError
		if errors.As(err, &where) {
			where.Path = path // the other name says nothing
		}
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
