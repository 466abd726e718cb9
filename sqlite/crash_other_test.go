//go:build !unix

package sqlite_test

import (
	"context"
	"testing"

	"github.com/ration-dev/ration/sqlite"
	"github.com/ration-dev/ration/storetest"
)

// crasher returns none: the disk that loses its power is one of Unix.
func crasher(sqlite.Config) func(*testing.T, storetest.Store, uint64, func(context.Context, storetest.Store)) storetest.Store {
	return nil
}
