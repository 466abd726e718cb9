package cli

import (
	"runtime/debug"
	"time"
)

// ExitCode returns the exit code of an error.
func ExitCode(err error) int { return exitCode(err) }

// CalledAs returns how a person calls a program again.
func CalledAs(program string) string { return calledAs(program) }

// CheckClock refuses a clock that was never set.
func CheckClock(now time.Time, info *debug.BuildInfo) error { return checkClock(now, info) }

// ShareDescriptors returns how many connections the proxy and the API may have open.
func ShareDescriptors(wanted, descriptors int) (proxy, api int) {
	return shareDescriptors(wanted, descriptors)
}
