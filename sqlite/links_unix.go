//go:build unix

package sqlite

import (
	"fmt"
	"os"
	"syscall"
)

// refuseLinks fails if the file has several names. The lock and the log lie
// beside one of them: who opens the file by another one would see neither, and
// so would not know of what was committed last.
func refuseLinks(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if status, ok := info.Sys().(*syscall.Stat_t); ok && status.Nlink > 1 {
		return fmt.Errorf("the file has %d names (hard links), and its lock and log are next to only one of them: remove the others", status.Nlink)
	}
	return nil
}
