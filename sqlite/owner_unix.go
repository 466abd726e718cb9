//go:build unix

package sqlite

import (
	"os"
	"path/filepath"
	"syscall"
)

// owner is whom a file belongs to.
type owner struct {
	known       bool
	user, group int
}

// ownerOf returns what a new file beside a database is to belong to: what the
// database does, or its directory where there is none. Else a server that runs as a
// user of its own could not open what root has put there.
func ownerOf(path string) (owner, error) {
	info, err := os.Stat(path)
	if err != nil {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return owner{}, err
	}
	status, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return owner{}, nil
	}
	return owner{known: true, user: int(status.Uid), group: int(status.Gid)}, nil
}

// give makes a file the owner's. Only root can: what others make stays theirs.
func (o owner) give(file *os.File) error {
	if !o.known || os.Geteuid() != 0 {
		return nil
	}
	return file.Chown(o.user, o.group)
}
