//go:build unix

package harness

import (
	"errors"
	"syscall"
)

// Freeze stops the process where it is, so that it still has its connections and answers
// nothing, until Thaw. When Freeze returns, all its threads have stopped.
func (i *Instance) Freeze() {
	i.t.Helper()
	i.signal(syscall.SIGSTOP)
	for {
		var status syscall.WaitStatus
		switch _, err := syscall.Wait4(i.process.Process.Pid, &status, syscall.WUNTRACED, nil); {
		case errors.Is(err, syscall.EINTR):
		case err != nil || !status.Stopped():
			i.t.Fatalf("waiting until the process has stopped: %v, %v", status, err)
		default:
			return
		}
	}
}

// Thaw lets a frozen process go on.
func (i *Instance) Thaw() {
	i.t.Helper()
	i.signal(syscall.SIGCONT)
}
