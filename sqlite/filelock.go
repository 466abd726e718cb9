package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

const (
	lockSuffix    = ".lock"
	leastLockWait = 100 * time.Millisecond // a probe by LockedBy holds the lock for microseconds
	lockRetry     = 10 * time.Millisecond
)

// ErrLocked is what errors.Is finds in a [LockedError].
var ErrLocked = errors.New("the database file is in use by another process")

// LockedError says that another process has the database file.
type LockedError struct {
	Path string // of the database file
	PID  int    // of the other process; 0: unknown
}

// Error implements error.
func (e *LockedError) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%q is in use by %s: only one server may run on a database file (its lock is %q)", e.Path, holder, e.Path+lockSuffix)
}

// Is makes errors.Is(err, ErrLocked) true.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// LockedBy reports whether a process has the database file at a path open. It returns
// the process id, or 0 if that is unknown. A file that doesn't exist is not locked.
func LockedBy(path string) (pid int, locked bool, err error) {
	resolved, err := resolvePath(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	file, err := os.Open(resolved + lockSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("looking at the lock of %q: %w", path, err)
	}
	defer file.Close()
	free, err := tryLock(file, shared)
	if err != nil {
		return 0, false, fmt.Errorf("looking at the lock of %q: %w", path, err)
	}
	if free {
		return 0, false, nil // closing the file unlocks it
	}
	return readPID(file), true, nil
}

// lockFile takes the lock of a database file and writes who has it. The lock
// ends when the returned file is closed or the process dies. The lock file
// itself stays: removing it would let two processes lock two files of one name.
func lockFile(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
	file, err := os.OpenFile(path+lockSuffix, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := awaitLock(ctx, file, path, wait); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := writePID(file); err != nil {
		return nil, errors.Join(fmt.Errorf("writing %q: %w", file.Name(), err), file.Close())
	}
	return file, nil
}

func awaitLock(ctx context.Context, file *os.File, path string, wait time.Duration) error {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	again := time.NewTicker(lockRetry)
	defer again.Stop()
	for {
		locked, err := tryLock(file, exclusive)
		if err != nil {
			return fmt.Errorf("locking %q: %w", file.Name(), err)
		}
		if locked {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline.C:
			return &LockedError{Path: path, PID: readPID(file)}
		}
	}
}

func writePID(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	return err
}

// readPID returns 0 where the file holds no process id, as between its locking
// and its writing.
func readPID(file *os.File) int {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return 0
	}
	return pid
}
