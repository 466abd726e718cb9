//go:build unix

package sqlite

import (
	"errors"
	"os"
)

// flushDirectory makes the names in a directory outlive a power cut.
func flushDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
