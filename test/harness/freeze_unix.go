//go:build unix

package harness

import "syscall"

// Freeze stops the process where it is, so that it still has its connections and answers
// nothing, until Thaw.
func (i *Instance) Freeze() {
	i.t.Helper()
	i.signal(syscall.SIGSTOP)
}

// Thaw lets a frozen process go on.
func (i *Instance) Thaw() {
	i.t.Helper()
	i.signal(syscall.SIGCONT)
}
