// Package adminsocket lets the ration command administer an SQLite file that a Go
// program has open. Only one process can have the file open, so the command asks the
// program, through a unix socket next to the file.
package adminsocket

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/rationadmin"
)

// Serve answers the ration command on a unix socket next to the database file, until
// ctx ends. Only the user of this process may use the socket. Call Serve after
// opening the store, and let it return before you close the store.
func Serve(ctx context.Context, databasePath string, operations rationadmin.Operations) error {
	listener, err := adminsock.Listen(ctx, databasePath)
	if err != nil {
		return fmt.Errorf("serving administration: %w", err)
	}
	return adminsock.Serve(ctx, listener, operations)
}
