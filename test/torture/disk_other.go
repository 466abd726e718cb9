//go:build !linux

package torture

import "errors"

// RunWithMounts fails: only Linux gives a process mounts of its own.
func RunWithMounts() (code int, done bool, err error) {
	return 0, false, errors.New("only Linux gives a process mounts of its own")
}

// SmallDisk returns none.
func SmallDisk(int64) (dir string, err error) { return "", nil }
