package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// place is the files that hold a database, by the names that they had when it
// was opened. One that is deleted or replaced lives on without a name for as
// long as it is open, and what is written to it then is lost with the process.
// So every transaction makes sure of the names before it begins and again after
// its commit; that takes a few microseconds.
type place []placedFile

type placedFile struct {
	path string
	info os.FileInfo
}

// placeOf returns the place of an open database.
func placeOf(path string) (place, error) {
	var found place
	for _, path := range []string{path, path + "-wal"} {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		found = append(found, placedFile{path, info})
	}
	return found, nil
}

// check fails if a name leads to another file now, or to none.
func (p place) check() error {
	for _, file := range p {
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
