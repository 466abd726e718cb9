package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// diskVariable names the directory of a small disk to a process that may mount one.
const diskVariable = "RATION_TEST_PROVE_DISK"

// RunWithMounts runs this process again, with the same arguments and mounts of its own, so
// that it may mount a small disk, and returns what it ended with. If it is such a process
// already, or the system allows none, it returns false.
func RunWithMounts() (code int, done bool, err error) {
	if os.Getenv(diskVariable) != "" {
		return 0, false, nil
	}
	dir, err := os.MkdirTemp("", "ration-prove-disk-")
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, os.Remove(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as another user where this runs as root
		return 0, false, err
	}
	command := exec.CommandContext(context.Background(), os.Args[0], os.Args[1:]...)
	command.Env = append(os.Environ(), diskVariable+"="+dir)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = ownMounts()
	err = command.Run()
	if ended := (*exec.ExitError)(nil); err == nil || errors.As(err, &ended) {
		return command.ProcessState.ExitCode(), true, nil
	}
	return 0, false, err
}

// SmallDisk mounts a disk that can be filled, with room for so many bytes, and returns its
// directory; without mounts of its own it returns none.
func SmallDisk(size int64) (dir string, err error) {
	if dir = os.Getenv(diskVariable); dir == "" {
		return "", nil
	}
	return dir, mountSmall(dir, size)
}

func mountSmall(dir string, size int64) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil { // it must not show elsewhere
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=1777", size)); err != nil {
		return fmt.Errorf("mounting a small disk: %w", err)
	}
	return nil
}

// ownMounts gives a process mounts that nobody else sees. Who is not root gets a user
// namespace to be allowed that, in which it stays who it is, because PostgreSQL refuses to
// run as root.
func ownMounts() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	return attr
}
