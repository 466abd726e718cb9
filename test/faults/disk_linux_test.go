package faults_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/faults"
)

const (
	// diskVariable names a directory for a small disk to a second run of this
	// test binary, which may mount it.
	diskVariable = "RATION_FAULTS_DISK"
	diskSize     = "size=200m,mode=1777"
)

// TestFullDisk puts a cluster on a disk in memory. Only a process with file
// systems of its own may mount one, so the test runs this binary again as that.
func TestFullDisk(t *testing.T) {
	if os.Getenv(diskVariable) == "" {
		t.Parallel()
		rerunWithOwnMounts(t)
		return
	}
	disk := os.Getenv(diskVariable)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, diskSize); err != nil {
		t.Fatalf("mounting a small disk, which the system refuses: %v", err)
	}
	t.Setenv("TMPDIR", disk)
	t.Setenv(testdb.DirVariable, disk)
	rig := faults.NewRig(t, faults.Setup{Settings: map[string]string{
		"min_wal_size": "32MB", "max_wal_size": "48MB",
	}})
	if data := rig.Cluster.DataDir(); !strings.HasPrefix(data, disk) {
		t.Fatalf("the cluster is in %s, where the disk that is filled is not", data)
	}
	survive(t, rig, faults.DiskFull(disk, false), faults.Repeats(1, 10))
	survive(t, rig, faults.DiskFull(disk, true), faults.Repeats(1, 10))
}

func rerunWithOwnMounts(t *testing.T) {
	disk, err := os.MkdirTemp("", "ration-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(disk) })
	if err := os.Chmod(disk, 0o755); err != nil { //nolint:gosec // the server runs as another user where this runs as root
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	again.Env = append(os.Environ(), diskVariable+"="+disk)
	again.SysProcAttr = ownMounts()
	out, err := again.CombinedOutput()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatalf("this test mounts a small disk, which the system refuses: run it as root, or allow users to have "+
			"namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0): %v", err)
	}
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: TestFullDisk ") {
		t.Errorf("the second run: %v", err)
	}
}

// ownMounts gives a process mounts that nobody else sees. Who is not root gets a
// user namespace to be allowed that, in which it stays who it is, because
// PostgreSQL refuses to run as root.
func ownMounts() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		const capSysAdmin = 21
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.AmbientCaps = []uintptr{capSysAdmin}
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	return attr
}
