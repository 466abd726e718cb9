package ration

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Errors of an [Engine] or a [Store] that are no decision: the charge was
// neither admitted nor denied. Test for them with errors.Is.
var (
	// ErrStoreUnavailable: the store is out of reach or overloaded. Nothing was charged.
	ErrStoreUnavailable = errors.New("the store is unavailable; nothing was charged")
	// ErrOutcomeUnknown: the charge was sent and no answer came in time. It may
	// or may not have been charged, and it is not given back.
	ErrOutcomeUnknown = errors.New("the outcome is unknown: it may or may not have been written")
	// ErrClockSuspect: the charge would begin a new period while the clocks of
	// the database and of this instance disagree or, where both are one, a short
	// while after it has stepped. Nothing was charged.
	ErrClockSuspect = errors.New("the clock is in doubt and no period may begin; nothing was charged")
	// ErrClosed: the engine is closing. Nothing was charged.
	ErrClosed = errors.New("the engine is closed; nothing was charged")
)

// Errors of administration.
var (
	// ErrNotFound: there is no such key, plan or token.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name or id is taken.
	ErrExists = errors.New("already exists")
	// ErrConflict: the change contradicts the present state, such as enabling a revoked key.
	ErrConflict = errors.New("conflict")
)

// InvalidError says which input is wrong and what would be right. Its text
// shows the value shortened.
type InvalidError struct {
	Field  string // the input's name, such as "amounts.tokens"
	Value  string // what it was; must not be a secret
	Reason string // what is allowed
}

// Error implements error.
func (e *InvalidError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("%s is %s: %s", e.Field, shortQuote(e.Value), e.Reason)
}

// shortQuote quotes at most 64 bytes of hostile text for a message.
func shortQuote(value string) string {
	const most = 64
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "") + "…"
	}
	return strconv.Quote(value)
}
