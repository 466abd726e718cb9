package sqlite

import (
	"context"
	"fmt"
	"io"
)

// Lock takes the lock of a database file, without opening the file, which need not
// exist. Until the returned Closer is closed, no process of Ration can open the file.
// Error: [LockedError] if a process has it open.
func Lock(ctx context.Context, path string) (io.Closer, error) {
	resolved, err := resolvePath(path)
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", path, err)
	}
	lock, err := lockFile(ctx, resolved, leastLockWait)
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", path, err)
	}
	return lock, nil
}
