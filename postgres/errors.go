package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration"
)

// SQLSTATEs that something follows from.
const (
	stateForeignKey       = "23503"
	stateUnique           = "23505"
	stateReadOnly         = "25006"
	stateIdleInTx         = "25P03"
	stateTxTimeout        = "25P04"
	stateUnknownStatement = "26000"
	stateSerialization    = "40001"
	stateUnknownOutcome   = "40003"
	stateDeadlock         = "40P01"
	stateDuplicateTable   = "42P07"
	stateLockTimeout      = "55P03"
	stateCancelled        = "57014"
	stateStalePlan        = "0A000" // "cached plan must not change result type", after a migration
)

// sqlState returns the SQLSTATE of an error that the server reported, or "".
func sqlState(err error) string {
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

// isCharged reports whether an error says that a batch's id is there already.
// Only the primary key of charge_batches says so, not what a trigger may check. A
// shard's table and constraint end with its number.
func isCharged(err error) bool {
	pgErr := (*pgconn.PgError)(nil)
	if !errors.As(err, &pgErr) || pgErr.Code != stateUnique {
		return false
	}
	shard, found := strings.CutPrefix(pgErr.TableName, "charge_batches")
	return found && pgErr.ConstraintName == "charge_batches_pkey"+shard && strings.Trim(shard, "_0123456789") == ""
}

// isTransient reports whether the server gave up a transaction that might well
// pass when it is sent again.
func isTransient(err error) bool {
	switch sqlState(err) {
	case stateSerialization, stateDeadlock, stateCancelled, stateIdleInTx, stateTxTimeout:
		return true
	}
	return isStale(err) || errors.Is(err, errWithheld)
}

// isStale reports whether statements have to be prepared again, as after a migration.
func isStale(err error) bool {
	state := sqlState(err)
	return state == stateStalePlan || state == stateUnknownStatement
}

// isOutOfReach reports whether an error speaks of the connection or the server
// and not of the statement: what failed may pass later, on another connection.
func isOutOfReach(err error) bool {
	state := sqlState(err)
	if state == "" {
		return !errors.As(err, new(*clientError)) // no answer at all
	}
	for _, class := range []string{"08", "28", "3D", "53", "57", "58", "XX"} {
		if strings.HasPrefix(state, class) {
			return true
		}
	}
	return state == stateReadOnly || state == stateUnknownOutcome || state == stateLockTimeout || isTransient(err)
}

// isBroken reports whether the connection is gone, or not worth keeping.
func isBroken(err error) bool {
	return endsSession(err) && !errors.As(err, new(*clientError)) || errors.Is(err, errForeign)
}

// endsSession reports whether the server closes the connection after an error.
func endsSession(err error) bool {
	pgErr := (*pgconn.PgError)(nil)
	return !errors.As(err, &pgErr) || pgErr.SeverityUnlocalized == "FATAL" || pgErr.SeverityUnlocalized == "PANIC"
}

// provesRollback reports whether an error that came after COMMIT was sent, in the
// place of its answer or of that to a write before it, proves that the transaction
// was not committed. Only an error of the transaction itself does, one with which
// the session goes on. What speaks of the connection, the server or its resources
// may also come from a pooler between, which can't know.
func provesRollback(err error) bool {
	if endsSession(err) {
		return false
	}
	state := sqlState(err)
	for _, class := range []string{"08", "53", "57", "58", "XX"} {
		if strings.HasPrefix(state, class) && state != stateCancelled {
			return false
		}
	}
	return state != stateUnknownOutcome
}

// clientError is an error found on this side of the connection, which is fine.
// It does not unwrap to an InvalidError of the root package: what is stored
// wrongly is no fault of the charge.
type clientError struct{ err error }

func (e *clientError) Error() string { return e.err.Error() }

// Is keeps what callers may ask for.
func (e *clientError) Is(target error) bool {
	return (target == ErrUnsafeDurability || target == errForeign) && errors.Is(e.err, target)
}

// driverError is an error of the driver or the server, as opposed to one that a
// function of administration's returned.
type driverError struct{ err error }

func (e *driverError) Error() string { return e.err.Error() }
func (e *driverError) Unwrap() error { return e.err }

func isDriverError(err error) bool { return errors.As(err, new(*driverError)) }

// explain turns a driver's error that changed nothing into one of the contract.
func explain(err error) error {
	if isDriverError(err) && isOutOfReach(err) {
		return unavailable(err)
	}
	return err
}

// errReaders is a URL, or PGTARGETSESSIONATTRS, that refuses what Ration needs.
var errReaders = fmt.Errorf("%w: target_session_attrs refuses the primary, but Ration has to write: remove it from the database URL and the environment, or set it to read-write", ration.ErrStoreUnavailable)

// errReadOnly is a database that takes no writes, such as a standby's, or one that
// its operator has made so.
var errReadOnly = fmt.Errorf("%w: the database is read-only, not the primary; give the URL of the primary, or switch default_transaction_read_only off", ration.ErrStoreUnavailable)

// errClosed is what a closed store answers.
var errClosed = fmt.Errorf("%w: the store is closed", ration.ErrStoreUnavailable)
