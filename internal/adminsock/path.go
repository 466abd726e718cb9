package adminsock

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	suffix = ".sock"
	// maxPath is the longest path that every system can bind: macOS has 104
	// bytes with the final NUL, Linux 108.
	maxPath = 103
)

// A socket is bound under another name than it is used by, see [listen]. That
// name has one length whatever it is, so that its path can be checked before.
const (
	privatePrefix = ".s"
	privateRandom = 8 // characters
	boundName     = "s"
)

// Path returns where the socket of a database file is: beside it, or, where
// that path or the one that is bound at first would be longer than a socket's
// may be, in the directory for temporary files under a name made from the path.
// Two names of one file have one socket. Error: the path is too long there too.
func Path(database string) (string, error) {
	resolved, err := resolve(database)
	if err != nil {
		return "", fmt.Errorf("finding the socket of %q: %w", database, err)
	}
	if path := resolved + suffix; longestPath(path) <= maxPath {
		return path, nil
	}
	digest := sha256.Sum256([]byte(resolved))
	path := filepath.Join(os.TempDir(), "ration-"+hex.EncodeToString(digest[:12])+suffix)
	if length := longestPath(path); length > maxPath {
		return "", fmt.Errorf("finding the socket of %q: its path is too long for a socket next to it, and in the directory "+
			"for temporary files, %q, it would have %d bytes of at most %d: choose a shorter one (TMPDIR) or a shorter path of the database",
			database, os.TempDir(), length, maxPath)
	}
	return path, nil
}

// longestPath returns how long the longest path of a socket is, that of its
// place or that which it is bound to first.
func longestPath(path string) int {
	bound := filepath.Join(filepath.Dir(path), privatePrefix+strings.Repeat("x", privateRandom), boundName)
	return max(len(path), len(bound))
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
