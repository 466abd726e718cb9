//go:build unix

package adminsock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// checkOwner makes sure that the socket belongs to whom the database belongs
// to, or to the superuser: in a directory for temporary files anybody could
// have put one.
func checkOwner(socket, database string) error {
	asked, err := os.Lstat(socket)
	if err != nil {
		return err
	}
	file, err := os.Stat(database)
	if err != nil {
		return err
	}
	got, ok := asked.Sys().(*syscall.Stat_t)
	want, okToo := file.Sys().(*syscall.Stat_t)
	if !ok || !okToo {
		return errors.New("the system doesn't say who owns a file")
	}
	if got.Uid != want.Uid && got.Uid != 0 {
		return fmt.Errorf("socket %q belongs to user %d and the database to user %d", socket, got.Uid, want.Uid)
	}
	return nil
}
