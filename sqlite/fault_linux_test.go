package sqlite_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// Faults of a disk are made by the kernel: a process refuses itself system
// calls for the rest of its life. So each such test runs this binary again; the
// variables tell that run which part to play and on which file.
const (
	partVariable = "RATION_SQLITE_PART"
	pathVariable = "RATION_SQLITE_PATH"
)

// TestDiskFaultPart plays the part that it is told. In a run of all tests there
// is none to play, and it passes.
func TestDiskFaultPart(t *testing.T) {
	if play, ok := faultParts[os.Getenv(partVariable)]; ok {
		play(t, os.Getenv(pathVariable))
	}
}

var faultParts = map[string]func(*testing.T, string){
	"flush":      playFailingFlush,
	"exit":       playFailingFlushWithoutHook,
	"full":       playFullDisk,
	"write":      playFailingWrite,
	"full again": playDiskThatHeals,
}

func TestDiskFaults(t *testing.T) {
	for _, test := range []struct {
		part       string
		exit       int
		says       string // in its output
		least, max int64  // counted, as the next process finds it; 1 was admitted before the fault
	}{
		{"flush", 0, "--- PASS: ", 1, 2},
		{"exit", 1, "the database may no longer keep what is written", 1, 2},
		{"full", 0, "--- PASS: ", 1, 1},
		{"write", 0, "--- PASS: ", 1, 2},
		{"full again", 0, "--- PASS: ", 2, 2},
	} {
		t.Run(test.part, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			store := open(t, sqlite.Config{Path: path})
			key := createKey(t, store, "")
			charge(t, store, key)
			closeStore(t, store)

			command := exec.Command(os.Args[0], "-test.run=^TestDiskFaultPart$", "-test.v")
			command.Env = append(os.Environ(), partVariable+"="+test.part, pathVariable+"="+path)
			output, _ := command.CombinedOutput()
			if code := command.ProcessState.ExitCode(); code != test.exit || !strings.Contains(string(output), test.says) {
				t.Fatalf("exit status %d, want %d and %q: %s", code, test.exit, test.says, output)
			}
			usage, _, err := open(t, sqlite.Config{Path: path}).KeyUsage(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if usage[0].Used < test.least || usage[0].Used > test.max {
				t.Errorf("%d counted, want %d to %d", usage[0].Used, test.least, test.max)
			}
		})
	}
}

// victim is a store that is about to meet a fault.
type victim struct {
	*testing.T
	store  *sqlite.Store
	key    ration.KeyID
	fatals atomic.Int32
}

func newVictim(t *testing.T, path string) *victim {
	v := &victim{T: t}
	v.store = open(t, sqlite.Config{Path: path, Fatal: func(error) { v.fatals.Add(1) }})
	days, err := v.store.UsageDays(t.Context(), admin.UsageFilter{})
	if err != nil {
		t.Fatal(err)
	}
	v.key = days[0].KeyID
	return v
}

// wantError charges and wants an error, and as many calls of Fatal so far.
func (v *victim) wantError(want error, fatals int32) {
	v.Helper()
	if _, err := v.store.Charge(v.Context(), testbatch.Requests(v, v.key)); !errors.Is(err, want) {
		v.Errorf("charging: %v, want %v", err, want)
	}
	if got := v.fatals.Load(); got != fatals {
		v.Errorf("Fatal was called %d times, want %d", got, fatals)
	}
}

func (v *victim) wantReady(want error) {
	v.Helper()
	if err := v.store.Ready(v.Context()); !errors.Is(err, want) {
		v.Errorf("ready: %v, want %v", err, want)
	}
}

func playFailingFlush(t *testing.T, path string) {
	v := newVictim(t, path)
	refuse(t, syscall.EIO, unix.SYS_FSYNC, unix.SYS_FDATASYNC)
	v.wantError(ration.ErrOutcomeUnknown, 1)
	v.wantError(ration.ErrStoreUnavailable, 1)
	v.wantReady(ration.ErrStoreUnavailable)
	if _, err := v.store.CreateKey(t.Context(), newKey("")); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("creating a key: %v", err)
	}
}

func playFailingFlushWithoutHook(t *testing.T, path string) {
	v := newVictim(t, path)
	closeStore(t, v.store)
	v.store = open(t, sqlite.Config{Path: path})
	refuse(t, syscall.EIO, unix.SYS_FSYNC, unix.SYS_FDATASYNC)
	_, err := v.store.Charge(t.Context(), testbatch.Requests(t, v.key))
	t.Fatalf("lived on after %v", err)
}

func playFullDisk(t *testing.T, path string) {
	v := newVictim(t, path)
	refuse(t, syscall.ENOSPC, unix.SYS_PWRITE64)
	v.wantError(ration.ErrStoreUnavailable, 0)
	v.wantReady(ration.ErrStoreUnavailable)
	v.wantError(ration.ErrStoreUnavailable, 0)
}

func playFailingWrite(t *testing.T, path string) {
	v := newVictim(t, path)
	refuse(t, syscall.EIO, unix.SYS_PWRITE64)
	v.wantError(ration.ErrOutcomeUnknown, 0)
}

// playDiskThatHeals allows no file to grow, for a while.
func playDiskThatHeals(t *testing.T, path string) {
	v := newVictim(t, path)
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	setLimit(t, syscall.Rlimit{Cur: 0, Max: limit.Max})
	v.wantError(ration.ErrOutcomeUnknown, 0)
	v.wantReady(ration.ErrOutcomeUnknown)
	setLimit(t, limit)
	v.wantReady(nil)
	charge(t, v.store, v.key)
	usage, _, err := v.store.KeyUsage(t.Context(), v.key)
	if err != nil || usage[0].Used != 2 {
		t.Errorf("usage %+v, error %v", usage, err)
	}
}

func setLimit(t *testing.T, limit syscall.Rlimit) {
	t.Helper()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}

// refuse makes system calls fail in this process from now on.
func refuse(t *testing.T, errno syscall.Errno, calls ...uint32) {
	t.Helper()
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the call's number
	for i, call := range calls {
		toRefusal := uint8(len(calls) - i)
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jt: toRefusal})
	}
	filter = append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
	)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	_, _, failure := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if failure != 0 {
		t.Fatal(failure)
	}
}
