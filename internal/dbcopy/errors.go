package dbcopy

import (
	"errors"
	"fmt"
	"strings"
)

// OpenError says that a database could not be opened.
type OpenError struct {
	Side string // "source" or "target"
	Err  error
}

// Error implements error.
func (e *OpenError) Error() string { return "opening the " + e.Side + ": " + e.Err.Error() }

// Unwrap gives errors.Is and As the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// InUseError says that something of Ration's has a database open.
type InUseError struct {
	Place    string
	Sessions int
}

// Error implements error.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use: %d sessions are named %q; stop all instances, then try again", e.Place, e.Sessions, instanceName)
}

// NotEmptyError says that a target has rows that no unfinished copy made.
type NotEmptyError struct {
	Place string
	Table string
}

// Error implements error.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%s is not empty: table %s has rows; a copy needs a new database", e.Place, e.Table)
}

// OtherSourceError says that the unfinished copy in a target has another source.
type OtherSourceError struct {
	Begun, Given string
}

// Error implements error.
func (e *OtherSourceError) Error() string {
	return fmt.Sprintf("the target has an unfinished copy of %s, not of %s: finish that, or begin with a new target", e.Begun, e.Given)
}

// MismatchError says that source and target differ where they should not.
type MismatchError struct{ Tables []string }

// Error implements error.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("the target differs from the source in %s, and stays marked as unfinished: was the source used since the copy began? Begin with a new target",
		strings.Join(e.Tables, ", "))
}

// commitError says that a transaction may have been committed, or not.
type commitError struct {
	err  error
	last bool // the transaction that ends the copy
}

// Error implements error.
func (e *commitError) Error() string { return e.err.Error() }

// Unwrap gives errors.Is and As the cause.
func (e *commitError) Unwrap() error { return e.err }

// explain says what to do after an error, where the error doesn't.
func explain(err error) error {
	commit, ok := errors.AsType[*commitError](err)
	switch {
	case err == nil, errors.As(err, new(*MismatchError)), errors.As(err, new(*InUseError)):
		return err
	case ok && commit.last:
		return fmt.Errorf("%w; whether the copy has ended is not known: it has if 'ration doctor' opens the target, else run it again", err)
	}
	return fmt.Errorf("%w; nothing is lost: run the same copy again, and it goes on", err)
}

// UnknownSchemaError says that a later release has migrated one of the databases.
// This one can run on it, but doesn't know all that there is to copy.
type UnknownSchemaError struct {
	Have  int64 // version of the schema
	Known int64 // the newest version that this release knows
}

// Error implements error.
func (e *UnknownSchemaError) Error() string {
	return fmt.Sprintf("a database has schema version %d and this release knows only what there is to copy up to version %d: copy with the later release", e.Have, e.Known)
}
