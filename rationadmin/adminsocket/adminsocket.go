// Package adminsocket lets the ration command administer an SQLite file that a Go
// program has open. The program has the file to itself; the command reaches it
// through a unix socket beside the file.
package adminsocket

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/rationadmin"
)

// Serve answers the ration command on a unix socket beside the database file, which
// only this process's user may use, until ctx ends. Call it after the store was
// opened, and let it return before the store is closed.
func Serve(ctx context.Context, databasePath string, operations rationadmin.Operations) error {
	listener, err := adminsock.Listen(ctx, databasePath)
	if err != nil {
		return fmt.Errorf("serving administration: %w", err)
	}
	return adminsock.Serve(ctx, listener, operations)
}
