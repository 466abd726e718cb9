package ration

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Error is an error with a code. Whoever answers it in a protocol of its own looks
// the code up with [CodeOf]; whoever handles it compares with errors.Is.
type Error struct {
	Code    Code
	Message string // shows no secret
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Errors of an [Engine] or a [Store]: no decision was made, so the charge was
// neither admitted nor denied. Test for them with errors.Is.
var (
	// ErrStoreUnavailable: the store is out of reach or overloaded. Nothing was charged.
	ErrStoreUnavailable error = &Error{CodeStoreUnavailable, "the store is unavailable; nothing was charged"}
	// ErrOutcomeUnknown: the charge was sent and no answer came in time. It may
	// or may not have been charged, and it is not given back.
	ErrOutcomeUnknown error = &Error{CodeOutcomeUnknown, "the outcome is unknown: it may or may not have been written"}
	// ErrClockSuspect: the charge would begin a new period while the clocks of
	// the database and of this instance disagree or, where both are one, a short
	// while after it has stepped. Nothing was charged.
	ErrClockSuspect error = &Error{CodeClockSuspect, "the clock may be wrong, so no period can begin; nothing was charged"}
	// ErrClosed: the engine is closing. Nothing was charged.
	ErrClosed error = &Error{CodeStoreUnavailable, "the engine is closed; nothing was charged"}
)

// Errors of what contradicts an earlier charge. Nothing was changed.
var (
	// ErrReservationUnknown: the key has no reservation with this id, or it was deleted.
	ErrReservationUnknown error = &Error{CodeReservationUnknown, "there is no such reservation"}
	// ErrReservationConflict: it already ended differently, or belongs to another request.
	ErrReservationConflict error = &Error{CodeReservationConflict, "the reservation already ended differently, or belongs to another request"}
	// ErrReservationExpired: it expired more than [LateSettlement] ago.
	ErrReservationExpired error = &Error{CodeReservationExpired, "the reservation expired too long ago to be settled or voided"}
	// ErrSettlementTooLarge: it is settled with more than was reserved, under
	// [OverageRefuse]. It stays as it was.
	ErrSettlementTooLarge error = &Error{CodeSettlementTooLarge, "the settlement is for more than was reserved"}
	// ErrIdempotencyMismatch: the idempotency key was already used with another charge.
	ErrIdempotencyMismatch error = &Error{CodeIdempotencyMismatch, "the idempotency key was already used with another request"}
	// ErrRefundsExhausted: the day's refund allowance is used up.
	ErrRefundsExhausted error = &Error{CodeRefundsExhausted, "the day's refund allowance is used up"}
)

// Errors of administration.
var (
	// ErrNotFound: there is no such key, plan or token.
	ErrNotFound error = &Error{CodeNotFound, "not found"}
	// ErrExists: the name or id is taken.
	ErrExists error = &Error{CodeExists, "already exists"}
	// ErrConflict: the change contradicts the present state, such as enabling a revoked key.
	ErrConflict error = &Error{CodeConflict, "conflict"}
)

// errorOfCode has every code that is an error. [ErrClosed] shares its code with
// ErrStoreUnavailable, which is what a caller can do about it.
var errorOfCode = tableOf(
	ErrStoreUnavailable, ErrOutcomeUnknown, ErrClockSuspect,
	ErrReservationUnknown, ErrReservationConflict, ErrReservationExpired, ErrSettlementTooLarge,
	ErrIdempotencyMismatch, ErrRefundsExhausted,
	ErrNotFound, ErrExists, ErrConflict,
)

func tableOf(errs ...error) map[Code]error {
	table := make(map[Code]error, len(errs))
	for _, err := range errs {
		table[CodeOf(err)] = err
	}
	return table
}

// CodeOf returns the code of an error that is an [Error] or wraps one; empty if
// none does. An error that wraps several has the first one's, but
// [CodeOutcomeUnknown] where one is [ErrOutcomeUnknown], which promises least.
func CodeOf(err error) Code {
	if errors.Is(err, ErrOutcomeUnknown) {
		return CodeOutcomeUnknown
	}
	if coded, ok := errors.AsType[*Error](err); ok {
		return coded.Code
	}
	return ""
}

// Err returns the error that has the code; nil for a code that is a decision or
// that nobody knows.
func (c Code) Err() error { return errorOfCode[c] }

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
