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

// Errors of what contradicts an earlier charge. Nothing was changed.
var (
	// ErrReservationUnknown: the key has no reservation of this id, or no longer.
	ErrReservationUnknown = errors.New("there is no such reservation")
	// ErrReservationConflict: it ended otherwise, or was made for something else.
	ErrReservationConflict = errors.New("the reservation ended otherwise, or was made for something else")
	// ErrReservationExpired: it expired more than [LateSettlement] ago.
	ErrReservationExpired = errors.New("the reservation expired too long ago to be settled or voided")
	// ErrSettlementTooLarge: it is settled with more than was reserved, under
	// [OverRefuse]. It stays as it was.
	ErrSettlementTooLarge = errors.New("the settlement is for more than was reserved")
	// ErrIdempotencyMismatch: the idempotency key came with another charge before.
	ErrIdempotencyMismatch = errors.New("the idempotency key came with another request before")
	// ErrRefundsExhausted: as many charges of that day as may be were given back.
	ErrRefundsExhausted = errors.New("as many charges of the day as may be were given back")
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
