package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// resolvePath returns the one absolute path of a database file, so that two
// names of one file have one lock. The file need not exist, its directory must.
func resolvePath(path string) (string, error) {
	switch {
	case path == "":
		return "", errors.New("give the path of the database file")
	case strings.HasPrefix(path, ":memory:"):
		return "", errors.New("a database in memory forgets all counts when the process ends: give the path of a file")
	case strings.ContainsRune(path, 0):
		return "", errors.New("the path of the database file contains a NUL byte")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if errors.Is(err, fs.ErrNotExist) {
		return resolveMissing(absolute)
	}
	return resolved, err
}

// resolveMissing resolves the path of a file that is yet to be created.
func resolveMissing(absolute string) (string, error) {
	if target, err := os.Readlink(absolute); err == nil {
		return "", fmt.Errorf("%q is a link to %q, which does not exist", absolute, target)
	}
	directory, err := filepath.EvalSymlinks(filepath.Dir(absolute))
	if err != nil {
		return "", err
	}
	return filepath.Join(directory, filepath.Base(absolute)), nil
}

// createFile creates an empty database file, so that it has the right mode from
// its first moment on. The files that SQLite puts beside it take over its mode.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return checkWritable(path)
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// checkWritable refuses a file that can't be written. SQLite would open it for
// reading alone, and nobody would know before the first charge.
func checkWritable(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("the database file can't be opened for writing: %w", err)
	}
	return file.Close()
}

// uri returns the SQLite URI of a path. Everything that has a meaning in a URI
// is escaped. With mode rw SQLite doesn't create the file, with ro it can't change it.
func uri(path, mode string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a Windows drive
		path = "/" + path
	}
	location := url.URL{Scheme: "file", Path: path, RawQuery: "mode=" + mode}
	return location.String()
}
