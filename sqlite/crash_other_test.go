//go:build !unix

package sqlite_test

import (
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/sqlite"
)

// crasher returns none: the disk that loses its power is one of Unix.
func crasher(sqlite.Config) storetest.Crash {
	return nil
}
