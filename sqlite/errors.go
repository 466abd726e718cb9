package sqlite

import (
	"errors"
	"fmt"

	driversqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/ration-dev/ration"
)

var (
	// ErrNotRation is returned for a file that is not a database of Ration. The file
	// was not changed.
	ErrNotRation = errors.New("the file is not a Ration database")
	// ErrDamaged is returned for a file whose content SQLite can't have written.
	ErrDamaged = errors.New("the database file is damaged; restore it from a backup")
)

// errClosed is what every method returns after Close.
var errClosed = fmt.Errorf("%w: the store is closed", ration.ErrStoreUnavailable)

// code returns SQLite's extended result code, or 0 for an error that isn't SQLite's.
func code(err error) int {
	if failure, ok := errors.AsType[*driversqlite.Error](err); ok {
		return failure.Code()
	}
	return 0
}

// primary returns the result code without its extension.
func primary(err error) int { return code(err) & 0xff }

// isTaken reports whether a row with the same unique columns exists.
func isTaken(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return true
	}
	return false
}

// isReferred reports whether a foreign key forbids the change.
func isReferred(err error) bool { return code(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY }

// explainDamage names what SQLite says of a file that it can't read.
func explainDamage(err error) error {
	switch primary(err) {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrNotRation, err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// isBusy reports whether another connection has the file.
func isBusy(err error) bool {
	return primary(err) == sqlite3.SQLITE_BUSY || primary(err) == sqlite3.SQLITE_LOCKED
}

// isFlushFailure reports whether the disk refused to flush. The kernel may have
// dropped what it could not write and will not say so again, so a second flush
// that succeeds proves nothing.
func isFlushFailure(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC:
		return true
	}
	return false
}

// isOutOfReach reports whether the database, and not what was asked of it, is
// the reason of a failure.
func isOutOfReach(err error) bool {
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

func unavailable(doing string, err error) error {
	return fmt.Errorf("%w: %s: %w", ration.ErrStoreUnavailable, doing, err)
}
