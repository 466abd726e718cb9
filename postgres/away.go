package postgres

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// away are errors of servers that may well come, beside those of the network:
// standbys that may be promoted.
var away = []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, errStandby, pgconn.ErrStandbyConnection, pgconn.ErrReadOnlyConnection}

// IsAway reports whether an error of [Open], [Migrate] or [Store.Ready] may go away
// by itself, so that it is right to wait and try again. That is so if the server is
// out of reach, its name can't be resolved yet, it is starting or stopping, it has no
// connection left, or it is still a standby. It is not so if a password, a name, a
// setting or a schema is wrong, or if another instance has been migrating for too
// long: somebody has to correct that.
func IsAway(err error) bool {
	if errors.Is(err, fs.ErrPermission) { // to use a unix socket
		return false
	}
	found := false
	for cause := range causes(err) {
		switch cause := cause.(type) { //nolint:errorlint // causes are all there are
		case *pgconn.PgError:
			if !awayState(cause.Code) {
				return false
			}
			found = true
		case *SchemaError, *VersionError:
			return false
		case net.Error:
			found = true
		default:
			found = found || slices.Contains(away, cause)
		}
	}
	return found
}

// awayState reports whether a SQLSTATE is that of a server which is not there yet,
// or no longer: connections (08), resources (53), an operator (57P0x).
func awayState(state string) bool {
	return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "53") || strings.HasPrefix(state, "57P0")
}

// causes yields an error and all that it wraps.
func causes(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) { eachCause(err, yield) }
}

func eachCause(err error, yield func(error) bool) bool {
	if err == nil {
		return true
	}
	if !yield(err) {
		return false
	}
	switch wrapping := err.(type) { //nolint:errorlint // each is asked for what it wraps
	case interface{ Unwrap() error }:
		return eachCause(wrapping.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, cause := range wrapping.Unwrap() {
			if !eachCause(cause, yield) {
				return false
			}
		}
	}
	return true
}

// standbyReason is what a standby says of itself, if nothing else is wrong with it.
const standbyReason = "it is a standby, not the primary"

var errStandby = errors.New(standbyReason)
