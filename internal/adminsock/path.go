package adminsock

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	suffix = ".sock"
	// maxPath is the longest path that every system can bind: macOS has 104
	// bytes with the final NUL, Linux 108.
	maxPath = 103
)

// Path returns where the socket of a database file is: beside it, or, where
// that path would be longer than a socket's may be, in the directory for
// temporary files under a name made from the path. Two names of one file have
// one socket.
func Path(database string) (string, error) {
	resolved, err := resolve(database)
	if err != nil {
		return "", fmt.Errorf("finding the socket of %q: %w", database, err)
	}
	if path := resolved + suffix; len(path) <= maxPath {
		return path, nil
	}
	digest := sha256.Sum256([]byte(resolved))
	return filepath.Join(os.TempDir(), "ration-"+hex.EncodeToString(digest[:12])+suffix), nil
}

func resolve(database string) (string, error) {
	absolute, err := filepath.Abs(database)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if !errors.Is(err, fs.ErrNotExist) {
		return resolved, err
	}
	directory, err := filepath.EvalSymlinks(filepath.Dir(absolute))
	return filepath.Join(directory, filepath.Base(absolute)), err
}
