package testdisk

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// smallVariable tells a process that it may mount a small disk of its own.
const smallVariable = "RATION_TESTDISK_MAY_MOUNT"

// OnSmallDisk plays a part in the empty directory of a file system that has room
// for so many bytes, all of it real. Only a process with mounts of its own can
// have one, so the calling test, which may do nothing else, is run again in such
// a process, and fails with it.
func OnSmallDisk(t *testing.T, size int, play func(t *testing.T, dir string)) {
	t.Helper()
	if os.Getenv(smallVariable) != "" {
		play(t, mountSmall(t, size))
		return
	}
	output, err := runWithMounts(t.Name())
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	t.Logf("%s", output)
}

// mountSmall mounts a file system until the test ends.
func mountSmall(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	// What is mounted here must not show elsewhere.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatalf("making mounts private: %v", err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatalf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmounting the small disk: %v", err)
		}
	})
	return dir
}

// runWithMounts runs a test of this binary in a namespace of mounts, which a
// superuser may make, and everybody else where the system lets them be superuser
// in a namespace of users.
func runWithMounts(test string) (output []byte, err error) {
	for _, attributes := range []*syscall.SysProcAttr{
		{Cloneflags: syscall.CLONE_NEWNS},
		{
			Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		},
	} {
		pattern := "^" + strings.ReplaceAll(test, "/", "$/^") + "$"
		command := exec.Command(os.Args[0], "-test.run="+pattern, "-test.v") //nolint:noctx // it ends by itself
		command.Env = append(os.Environ(), smallVariable+"=1")
		command.SysProcAttr = attributes
		if output, err = command.CombinedOutput(); command.ProcessState != nil { // it was started
			return output, err
		}
	}
	return nil, fmt.Errorf("this system lets no process have mounts of its own, which a small disk needs: "+
		"run the tests as root, or allow namespaces of users (sysctl kernel.unprivileged_userns_clone=1, "+
		"and kernel.apparmor_restrict_unprivileged_userns=0 where there is one): %w", err)
}
