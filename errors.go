package ration

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Error is an error with a code. To handle one, compare it with errors.Is. To answer
// one in a protocol of your own, get its code with [CodeOf].
type Error struct {
	Code    Code
	Message string // shows no secret
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Errors of an [Engine] or a [Store] that mean that no decision was made: the charge
// was neither admitted nor denied. Test for them with errors.Is.
var (
	// ErrStoreUnavailable means that the store is out of reach or overloaded. Nothing
	// was charged.
	ErrStoreUnavailable error = &Error{CodeStoreUnavailable, "the store is unavailable; nothing was charged"}
	// ErrOutcomeUnknown means that the charge was sent to the store, and no answer
	// came in time. It may or may not have been charged, and it is not given back.
	ErrOutcomeUnknown error = &Error{CodeOutcomeUnknown, "the outcome is unknown: it may or may not have been written"}
	// ErrClockSuspect means that the charge would begin a new period while the clock
	// is in doubt: the clocks of the database and of this instance disagree or, where
	// both are one clock, it stepped a short while ago. Nothing was charged.
	ErrClockSuspect error = &Error{CodeClockSuspect, "the clock may be wrong, so no period can begin; nothing was charged"}
	// ErrTokenInvalid means that the service token in whose name a charge was asked for
	// was not valid when the charge was to be decided. Nothing was charged.
	ErrTokenInvalid error = &Error{CodeTokenInvalid, "the service token is not valid"}
	// ErrClosed means that the engine is closing. Nothing was charged.
	ErrClosed error = &Error{CodeStoreUnavailable, "the engine is closed; nothing was charged"}
)

// Errors of calls that contradict an earlier charge. Nothing was changed.
var (
	// ErrReservationUnknown means that the key has no reservation with this id, or no
	// longer has it.
	ErrReservationUnknown error = &Error{CodeReservationUnknown, "there is no such reservation"}
	// ErrReservationConflict means that the reservation already ended differently, or
	// belongs to another request.
	ErrReservationConflict error = &Error{CodeReservationConflict, "the reservation already ended differently, or belongs to another request"}
	// ErrReservationExpired means that the reservation expired more than
	// [LateSettlement] ago.
	ErrReservationExpired error = &Error{CodeReservationExpired, "the reservation expired too long ago to be settled or voided"}
	// ErrSettlementTooLarge means that a settlement under [OverageRefuse] was for
	// more than was reserved. The reservation stays as it was.
	ErrSettlementTooLarge error = &Error{CodeSettlementTooLarge, "the settlement is for more than was reserved"}
	// ErrIdempotencyMismatch means that the idempotency key was already used with
	// another charge.
	ErrIdempotencyMismatch error = &Error{CodeIdempotencyMismatch, "the idempotency key was already used with another request"}
	// ErrRefundsExhausted means that a limit's refund allowance is used up; see
	// [Engine.Refund].
	ErrRefundsExhausted error = &Error{CodeRefundsExhausted, "the day's refund allowance is used up"}
)

// Errors of administration.
var (
	// ErrNotFound means that there is no such key, plan or token.
	ErrNotFound error = &Error{CodeNotFound, "not found"}
	// ErrExists means that the name or id is taken.
	ErrExists error = &Error{CodeExists, "already exists"}
	// ErrConflict means that the change contradicts the present state, such as
	// enabling a revoked key.
	ErrConflict error = &Error{CodeConflict, "conflict"}
	// ErrChanged means that somebody else has changed it since the caller read it.
	ErrChanged error = &Error{CodeChanged, "it was changed in the meantime"}
)

// errorOfCode has every code that is an error. [ErrClosed] shares its code with
// ErrStoreUnavailable, because a caller can do the same about both.
var errorOfCode = tableOf(
	ErrStoreUnavailable, ErrOutcomeUnknown, ErrClockSuspect, ErrTokenInvalid,
	ErrReservationUnknown, ErrReservationConflict, ErrReservationExpired, ErrSettlementTooLarge,
	ErrIdempotencyMismatch, ErrRefundsExhausted,
	ErrNotFound, ErrExists, ErrConflict, ErrChanged,
)

func tableOf(errs ...error) map[Code]error {
	table := make(map[Code]error, len(errs))
	for _, err := range errs {
		table[CodeOf(err)] = err
	}
	return table
}

// CodeOf returns the code of an error that is an [Error] or wraps one, and otherwise
// the empty code. If an error wraps several, CodeOf returns the code of the first,
// but [CodeOutcomeUnknown] if any of them is [ErrOutcomeUnknown], because that
// promises least.
func CodeOf(err error) Code {
	if errors.Is(err, ErrOutcomeUnknown) {
		return CodeOutcomeUnknown
	}
	if coded, ok := errors.AsType[*Error](err); ok {
		return coded.Code
	}
	return ""
}

// Err returns the error that has the code. It returns nil for the code of a decision
// and for an unknown code.
func (c Code) Err() error { return errorOfCode[c] }

// InvalidError says which input is wrong and what would be right. Its text shows a
// shortened value.
type InvalidError struct {
	Field  string // the input's name, such as "amounts.tokens"
	Value  string // the wrong value; must not be a secret
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
