package inventory

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// DefaultFile is what Load reads when it is given no path.
const DefaultFile = "portctl.yaml"

// Load reads files and directories as one inventory. Of a directory it takes
// the files ending in .yaml or .yml, sorted by name, without going into
// subdirectories and without hidden files; a file that is reached twice is read
// once. No path at all means DefaultFile in the working directory.
//
// A non-nil error is always Diagnostics. A file that is missing or unreadable is
// one of the problems, so that the others are still checked.
func Load(paths []string) (*Inventory, error) {
	l := read(paths)
	return attributes.parse(l.files, l.diags)
}

// Read reads the files that Load would, without looking into them. A non-nil
// error is Diagnostics: what could not be found or read.
func Read(paths []string) ([]File, error) {
	l := read(paths)
	if len(l.diags) > 0 {
		return nil, l.diags.settle()
	}
	return l.files, nil
}

func read(paths []string) loader {
	l := loader{seen: map[string]bool{}}
	if len(paths) == 0 {
		paths = []string{DefaultFile}
		l.byDefault = true
	}
	for _, path := range paths {
		l.path(path)
	}
	return l
}

type loader struct {
	files     []File
	diags     Diagnostics
	seen      map[string]bool // by absolute path
	byDefault bool
}

func (l *loader) path(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.fail(path, err)
	case info.IsDir():
		l.directory(path)
	default:
		l.file(path)
	}
}

func (l *loader) directory(path string) {
	entries, err := os.ReadDir(path) // Sorted by name.
	if err != nil {
		l.fail(path, err)
		return
	}
	found := false
	for _, e := range entries {
		extension := filepath.Ext(e.Name())
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || extension != ".yaml" && extension != ".yml" {
			continue
		}
		found = true
		l.file(filepath.Join(path, e.Name()))
	}
	if !found {
		l.diags = append(l.diags, Diagnostic{
			Rule: ruleNoFile, Severity: Error, File: path,
			Message: "the directory holds no *.yaml or *.yml file",
			Hint:    "subdirectories are not searched: name each of them",
		})
	}
}

func (l *loader) file(path string) {
	// The same file under two names would be refused entry by entry as
	// duplicates; without an absolute path the names as given have to do.
	key := filepath.Clean(path)
	if absolute, err := filepath.Abs(path); err == nil {
		key = absolute
	}
	if l.seen[key] {
		return
	}
	l.seen[key] = true
	content, err := readFile(path)
	if err != nil {
		l.fail(path, err)
		return
	}
	l.files = append(l.files, File{Name: path, Content: content})
}

// readFile reads one byte more than is allowed at most, which is enough to
// refuse the file for its size.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	return content, errors.Join(err, f.Close())
}

// fail turns an error of the file system into a diagnostic.
func (l *loader) fail(path string, err error) {
	d := Diagnostic{Rule: ruleUnreadable, Severity: Error, File: path}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err // The path is in the position already.
	}
	d.Message = fmt.Sprintf("the file cannot be read: %v", err)
	if errors.Is(err, fs.ErrNotExist) {
		d.Rule, d.Message, d.Hint = ruleNoFile, "there is no such file or directory", "check the path given with -f"
		if l.byDefault {
			d.Hint = "this is the file that is read when -f names no other: name yours with -f"
		}
	}
	l.diags = append(l.diags, d)
}
