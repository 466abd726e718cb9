package sqlite

import (
	"context"
	"fmt"
	"io"
)

// Lock takes the lock of a database file, which need not exist, and opens
// nothing: until it is closed no process of Ration's opens the file. Errors:
// [LockedError] if one has it.
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
