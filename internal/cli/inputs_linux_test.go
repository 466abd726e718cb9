package cli_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// nobody is a user without any right of its own.
const nobody = 65534

// asOther does something with the rights to files of a user who isn't root, who
// may read everything. Only the thread that does it has them, and ends with it.
func asOther(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock it
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Error(err)
			return
		}
		do()
	}()
	<-done
}
