package ration

import (
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

const (
	// DefaultReservationTTL is how long a reservation holds its amounts unless its
	// [Hold] has a TTL.
	DefaultReservationTTL = 15 * time.Minute
	// MaxReservationTTL is the longest that a reservation may hold its amounts.
	MaxReservationTTL = 24 * time.Hour
	// LateSettlement is how long after its expiry a reservation can still be settled
	// or voided. After that, both are refused.
	LateSettlement = 24 * time.Hour
	// ReservationRetention is how long a reservation is kept after it ended.
	ReservationRetention = 7 * 24 * time.Hour

	minReservationTTL = time.Second
	// maxReservationIDAge is how old a caller's id may be, and maxReservationIDLead
	// how far the caller's clock may be ahead, so that nobody can use the id of a
	// reservation again that is no longer kept.
	maxReservationIDAge  = 24 * time.Hour
	maxReservationIDLead = 10 * time.Minute
)

// ReservationID identifies a reservation among those of its key. It is a version 7
// UUID, made by Ration or by the caller. The zero ReservationID names no reservation.
type ReservationID uuid.UUID

// NewReservationID returns a new, time-ordered id.
func NewReservationID() ReservationID { return ReservationID(uuid.Must(uuid.NewV7())) }

// ParseReservationID reads the text form of a version 7 UUID.
func ParseReservationID(text string) (ReservationID, error) {
	id, err := parsePrefixedID(text, "")
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		return ReservationID{}, &InvalidError{Field: "id", Value: text, Reason: "a reservation's id is a version 7 UUID (RFC 9562)"}
	}
	return ReservationID(id), nil
}

// String returns the text form.
func (id ReservationID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether id names no reservation.
func (id ReservationID) IsZero() bool { return id == ReservationID{} }

// MarshalText implements encoding.TextMarshaler.
func (id ReservationID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ReservationID) UnmarshalText(text []byte) error {
	parsed, err := ParseReservationID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// validateAge refuses an id that a reservation may have had that is no longer kept.
func (id ReservationID) validateAge(now time.Time) error {
	seconds, nanos := uuid.UUID(id).Time().UnixTime()
	made := time.Unix(seconds, nanos)
	if made.Before(now.Add(-maxReservationIDAge)) || made.After(now.Add(maxReservationIDLead)) {
		return &InvalidError{Field: "id", Value: id.String(), Reason: "make a reservation's id when you ask for it: its time must be at most a day ago and not in the future"}
	}
	return nil
}

// ReservationState is the state of a reservation. Once it is no longer open, it is
// never open again.
type ReservationState string

// The states of a reservation.
const (
	ReservationOpen    ReservationState = "open"    // holds its amounts
	ReservationSettled ReservationState = "settled" // what was really used is counted, instead of what was held
	ReservationVoided  ReservationState = "voided"  // nothing is counted
	ReservationExpired ReservationState = "expired" // nobody ended it in time; [AtExpiry] said what happened to its amounts
)

// AtExpiry says what happens to the amounts of a reservation that nobody ends in
// time.
type AtExpiry string

// What can happen to such amounts.
const (
	AtExpiryKeep    AtExpiry = "keep"    // they count as used; the default
	AtExpiryRelease AtExpiry = "release" // they are given back; a later settlement may then exceed a limit
)

// Overage says what happens to a settlement that is for more than was reserved.
type Overage string

// What can happen to such a settlement.
const (
	OverageRefuse Overage = "refuse"  // it is refused and the reservation stays open; the default
	OverageClamp  Overage = "clamp"   // only what was reserved is counted
	OverageAllow  Overage = "overage" // all of it is counted, even beyond a limit
)

// ParseOverage reads the name of an Overage; the empty name is [OverageRefuse]. Its
// error is an [InvalidError].
func ParseOverage(text string) (Overage, error) {
	switch over := Overage(text); over {
	case "":
		return OverageRefuse, nil
	case OverageRefuse, OverageClamp, OverageAllow:
		return over, nil
	}
	return "", &InvalidError{Field: "over", Value: text, Reason: "use refuse, clamp or overage"}
}

// Posting is an amount on a meter, with the periods that it was counted in. A later
// settlement or refund goes to these periods, not to the periods that are current by
// then.
type Posting struct {
	Meter   string
	Units   int64
	Unit    Unit // of the meter
	Periods [len(WindowPeriods)]PeriodID
	Epoch   int64 // how many resets by hand the meter had seen; what comes after further ones doesn't touch the new count
}

// Day returns the local day that the units belong to.
func (p *Posting) Day() PeriodID { return p.Periods[windowDay] }

// Reservation is a charge whose final amounts are not known yet. Its amounts are
// held: they count against limits until it is settled or voided, or expires.
type Reservation struct {
	ID        ReservationID
	KeyID     KeyID
	State     ReservationState
	AtExpiry  AtExpiry
	Held      []Posting // what was reserved, requests first
	Settled   []Amount  // what was used in the end; nil: nobody has said
	CreatedAt time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero while it is open
	LateAt    time.Time // when it was settled or voided after its expiry; zero: it was not

	Fingerprint Fingerprint   // of the charge that made it
	Limits      []LimitStatus // as they were when it was made, so that a repeated charge gets the same answer
}

// DueAt reports whether the reservation is due at an instant: it is open, and its
// expiry has come.
func (r *Reservation) DueAt(at time.Time) bool {
	return r.State == ReservationOpen && endedAt(r.ExpiresAt, at)
}

// Hold makes a reservation of a charge.
type Hold struct {
	ID       ReservationID // made by the caller, so that the charge is safe to repeat; zero: the engine makes one
	TTL      time.Duration // 0: [DefaultReservationTTL]
	AtExpiry AtExpiry      // empty: [AtExpiryKeep]
}

// Normalize checks the hold and fills in what may be left out. Now is the instance's
// time; the id's age is judged by it.
func (h Hold) Normalize(now time.Time) (Hold, error) {
	if h.ID.IsZero() {
		h.ID = NewReservationID()
	} else if err := h.ID.validateAge(now); err != nil {
		return Hold{}, err
	}
	switch h.TTL {
	case 0:
		h.TTL = DefaultReservationTTL
	default:
		if h.TTL < minReservationTTL || h.TTL > MaxReservationTTL {
			return Hold{}, &InvalidError{Field: "ttl", Value: h.TTL.String(), Reason: "use 1s to 24h"}
		}
	}
	switch h.AtExpiry {
	case "":
		h.AtExpiry = AtExpiryKeep
	case AtExpiryKeep, AtExpiryRelease:
	default:
		return Hold{}, &InvalidError{Field: "at_expiry", Value: string(h.AtExpiry), Reason: "use keep or release"}
	}
	return h, nil
}

// Settlement says what a reservation used in the end. The zero Settlement says that
// it used exactly what was reserved.
type Settlement struct {
	// Amounts are what was really used. On a meter that is left out, it is what was
	// reserved. Nil leaves all meters out.
	Amounts []Amount
	Overage Overage // what to do if Amounts are more than was reserved; empty: [OverageRefuse]
}

// normalize checks the settlement and sorts its amounts, without changing the caller's slice.
func (s Settlement) normalize() (Settlement, error) {
	overage, err := ParseOverage(string(s.Overage))
	if err != nil {
		return Settlement{}, err
	}
	if len(s.Amounts) > MaxMetersPerCharge {
		return Settlement{}, tooManyMeters()
	}
	amounts, err := sortAmounts(slices.Clone(s.Amounts))
	return Settlement{amounts, overage}, err
}

// Receipt says in which periods a charge was counted, so that [Engine.Refund] can
// give it back. Nobody else keeps it.
type Receipt struct {
	KeyID          KeyID
	Postings       []Posting     // requests first
	ChargedAt      time.Time     // by the store's clock
	Reservation    ReservationID // the reservation that holds the postings, which a refund voids; zero: the postings count as used
	IdempotencyKey string        // the charge's idempotency key, which a refund frees to be used again; empty: none
}

func tooManyMeters() error {
	return &InvalidError{Field: "amounts", Reason: "a charge can name at most " + strconv.Itoa(MaxMetersPerCharge) + " meters, requests included"}
}
