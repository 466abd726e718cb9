package ration

import "time"

// Code says how a charge was decided, or why it could not be.
type Code string

// The codes of a decision.
const (
	CodeOK                Code = "ok"
	CodeKeyMissing        Code = "key_missing"        // no secret was sent
	CodeKeyUnknown        Code = "key_unknown"        // no key has this secret
	CodeKeyUnchecked      Code = "key_unchecked"      // too many unknown secrets came from the address, so this one was not looked up
	CodeKeyExpired        Code = "key_expired"        // the key, or the secret that was sent, has expired
	CodeKeyDisabled       Code = "key_disabled"       // the key is disabled, pending or rejected
	CodeKeyRevoked        Code = "key_revoked"        // the key, or the secret that was sent, is revoked
	CodeInsufficientScope Code = "insufficient_scope" // the key lacks the scope
	CodeIPNotAllowed      Code = "ip_not_allowed"     // the key has an allow list without this address
	CodeQuotaExceeded     Code = "quota_exceeded"     // the quota of a period is used up
	CodeRateExceeded      Code = "rate_exceeded"      // too fast
	CodeCostExceedsLimit  Code = "cost_exceeds_limit" // more than a limit's size: never admissible
)

// The codes that say why no decision was made; an [Engine] returns them as errors.
const (
	CodeStoreUnavailable Code = "store_unavailable"
	CodeOutcomeUnknown   Code = "outcome_unknown"
	CodeClockSuspect     Code = "clock_suspect"
)

// The codes of what contradicts an earlier charge; an [Engine] returns them as
// errors. Nothing is counted, not even as denied.
const (
	CodeReservationUnknown  Code = "reservation_unknown"  // there is no reservation with this id
	CodeReservationConflict Code = "reservation_conflict" // it already ended differently, or belongs to another request
	CodeReservationExpired  Code = "reservation_expired"  // it expired too long ago to be settled
	CodeSettlementTooLarge  Code = "settlement_too_large" // more than was reserved
	CodeIdempotencyMismatch Code = "idempotency_mismatch" // the idempotency key was already used with another charge
	CodeRefundsExhausted    Code = "refunds_exhausted"    // the day's refund allowance is used up
)

// The codes of errors of administration.
const (
	CodeNotFound Code = "not_found" // there is no such key, plan or token
	CodeExists   Code = "exists"    // the name or id is taken
	CodeConflict Code = "conflict"  // the change contradicts the present state
)

// Decision answers a charge.
type Decision struct {
	Code       Code
	KeyID      KeyID         // zero with CodeKeyUnknown and CodeKeyUnchecked, as are all about the key
	KeyName    string        // for display only
	Owner      string        // empty if the key has none
	Plan       string        // empty if the key has none
	Limits     []LimitStatus // the key's limits on the charged meters, after the charge; none unless the limits were consulted
	RetryAfter time.Duration // when denied: the earliest at which all limits could have room; 0: waiting does not help
	DecidedAt  time.Time     // by the store's clock
	DryRun     bool          // nothing was changed

	Replayed    bool         // it was decided before; nothing was charged this time
	Reservation *Reservation // that was made or ended; nil: none
	Receipt     *Receipt     // of a refundable charge or reservation that was admitted, and not replayed
}

// Allowed reports whether the charge was admitted.
func (d Decision) Allowed() bool { return d.Code == CodeOK }

// LimitStatus is how a limit stands after a decision.
type LimitStatus struct {
	Limit
	Used        int64     // units; of a rate: not yet given back of its burst
	Reserved    int64     // units held by open reservations; they count against the limit
	Remaining   int64     // units, never below 0; of a rate: of its burst
	ResetsAt    time.Time // a quota's period ends; a rate is whole again. Zero: never (lifetime)
	AvailableAt time.Time // when more becomes available: of a quota ResetsAt, of a rate the next unit. Zero: never, or nothing is missing
	Exceeded    bool      // the limit refused this charge
}
