//go:build unix

package bound

import (
	"math"

	"golang.org/x/sys/unix"
)

// Descriptors returns how many files and connections this process may have open at
// once; 0 if any number. Go has raised that to what the process may raise it to.
func Descriptors() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || uint64(limit.Cur) > math.MaxInt32 { //nolint:unconvert // it is signed on some systems
		return 0
	}
	return int(limit.Cur)
}
