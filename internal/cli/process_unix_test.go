//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// nobody is a user without any right of its own.
const nobody = 65534

func dropRights(t *testing.T, program *exec.Cmd) {
	t.Helper()
	if os.Geteuid() == 0 {
		program.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}
