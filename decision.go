package ration

import "time"

// Code says how a charge was decided, or why it could not be decided.
type Code string

// The codes of a decision.
const (
	CodeOK                  Code = "ok"
	CodeKeyMissing          Code = "key_missing"          // no secret was sent
	CodeKeyUnknown          Code = "key_unknown"          // no key has this secret
	CodeKeyUnchecked        Code = "key_unchecked"        // too many unknown secrets came from the address, so this one was not looked up
	CodeKeyExpired          Code = "key_expired"          // the key, or the secret that was sent, has expired
	CodeKeyDisabled         Code = "key_disabled"         // the key is disabled, pending or rejected
	CodeKeyRevoked          Code = "key_revoked"          // the key, or the secret that was sent, is revoked
	CodeInsufficientScope   Code = "insufficient_scope"   // the key lacks the scope
	CodeIPNotAllowed        Code = "ip_not_allowed"       // the key's allow list does not contain this address
	CodeQuotaExceeded       Code = "quota_exceeded"       // the quota of a period is used up
	CodeRateExceeded        Code = "rate_exceeded"        // the key is charged faster than its rate allows
	CodeConcurrencyExceeded Code = "concurrency_exceeded" // as many charges of the key are in flight as may be at once
	CodeCostExceedsLimit    Code = "cost_exceeds_limit"   // the charge is greater than the whole limit, now and later, so waiting does not help
)

// The codes that say why no decision was made. An [Engine] returns them as errors.
const (
	CodeStoreUnavailable Code = "store_unavailable"
	CodeOutcomeUnknown   Code = "outcome_unknown"
	CodeClockSuspect     Code = "clock_suspect"
	CodeTokenInvalid     Code = "token_invalid"
)

// The codes of calls that contradict an earlier charge. An [Engine] returns them as
// errors. Nothing is counted, not even as denied.
const (
	CodeReservationUnknown  Code = "reservation_unknown"  // there is no reservation with this id
	CodeReservationConflict Code = "reservation_conflict" // it already ended differently, or belongs to another request
	CodeReservationExpired  Code = "reservation_expired"  // it expired too long ago to be settled
	CodeSettlementTooLarge  Code = "settlement_too_large" // the settlement is for more than was reserved
	CodeIdempotencyMismatch Code = "idempotency_mismatch" // the idempotency key was already used with another charge
	CodeRefundsExhausted    Code = "refunds_exhausted"    // the day's refund allowance is used up
)

// The codes of administration's errors.
const (
	CodeNotFound Code = "not_found" // there is no such key, plan or token
	CodeExists   Code = "exists"    // the name or id is taken
	CodeConflict Code = "conflict"  // the change contradicts the present state
	CodeChanged  Code = "changed"   // what was to be changed is no longer what the caller has seen
)

// Decision answers a charge.
type Decision struct {
	Code       Code
	KeyID      KeyID         // zero with CodeKeyUnknown and CodeKeyUnchecked, as are the other fields about the key
	KeyName    string        // for display only
	Owner      string        // empty if the key has none
	Plan       string        // empty if the key has none
	Limits     []LimitStatus // the key's limits on the charged meters, after the charge; empty if the charge was refused before limits were read
	RetryAfter time.Duration // if denied: after this wait all limits could have room, at the earliest, if nothing else is charged and reservations are left to expire; 0: waiting does not help
	DecidedAt  time.Time     // by the store's clock
	DryRun     bool          // this was a dry run: nothing was changed
	Amounts    []Amount      // what was asked for, in the units of the meters; nil if the key is unknown

	Replayed    bool         // this is the decision of an earlier, equal charge; nothing was charged this time
	Reservation *Reservation // the reservation that was made or ended; nil: none
	Lease       *Lease       // the slots that an admitted charge with InFlight has taken; nil: no concurrent limit applies to it
	Receipt     *Receipt     // only of a refundable charge or reservation that was admitted and not replayed
}

// Allowed reports whether the charge was admitted.
func (d Decision) Allowed() bool { return d.Code == CodeOK }

// LimitStatus is the state of a limit after a decision. Its units are those of the
// limit's Unit.
type LimitStatus struct {
	Limit
	Used        int64     // units; of a rate: those that have not come back yet, after a lowering perhaps more than its burst; of a concurrent limit: charges in flight
	Reserved    int64     // units held by open reservations; they count against the limit
	Remaining   int64     // units, never below 0; of a rate: what is left of its burst
	ResetsAt    time.Time // when the quota has more: its period ends, the temporary limit gives way to a greater one, or (of a denial) reservations release enough. Of a rate: its burst is whole again. Zero: never
	AvailableAt time.Time // when more becomes available: for a quota ResetsAt, for a rate the time of its next unit, or of the end of a temporary limit. Zero: never, or nothing is missing
	Exceeded    bool      // the limit refused this charge
}
