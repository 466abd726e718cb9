package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// fileIdentity identifies the files that hold a database, by the names that they had
// when it was opened. A file that is deleted or replaced lives on without a name as
// long as it is open, and what is written to it then is lost with the process. So
// every transaction checks the names before it begins and again after its commit.
// That takes a few microseconds.
type fileIdentity []identifiedFile

type identifiedFile struct {
	path string
	info os.FileInfo
}

// identify returns the identity of an open database.
func identify(path string) (fileIdentity, error) {
	var found fileIdentity
	for _, path := range []string{path, path + "-wal"} {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		found = append(found, identifiedFile{path, info})
	}
	return found, nil
}

// check fails if a name leads to another file now, or to none.
func (f fileIdentity) check() error {
	for _, file := range f {
		info, err := os.Stat(file.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%q was deleted or moved while it is in use", file.path)
		case err != nil:
			return err
		case !os.SameFile(info, file.info):
			return fmt.Errorf("%q was replaced by another file while it is in use", file.path)
		}
	}
	return nil
}
