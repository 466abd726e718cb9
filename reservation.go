package ration

import (
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

const (
	// DefaultReservationTTL is how long a reservation holds its amounts unless it says otherwise.
	DefaultReservationTTL = 15 * time.Minute
	// MaxReservationTTL is the longest that one may hold them.
	MaxReservationTTL = 24 * time.Hour
	// LateSettlement is how long after its expiry what a reservation really used is
	// still recorded. Later it is refused.
	LateSettlement = 24 * time.Hour
	// ReservationRetention is how long a reservation is kept after it ended.
	ReservationRetention = 7 * 24 * time.Hour

	minReservationTTL = time.Second
	// maxReservationIDAge bounds how old an id made elsewhere may be, and
	// maxReservationIDLead how far its maker's clock may be ahead, so that the id
	// of a reservation that is no longer kept can't come again.
	maxReservationIDAge  = 24 * time.Hour
	maxReservationIDLead = 10 * time.Minute
)

// ReservationID identifies a reservation among those of its key: a version 7
// UUID, made here or by the caller. The zero ReservationID names no reservation.
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

// validateAge refuses ids that may have been used by a reservation that is no
// longer kept.
func (id ReservationID) validateAge(now time.Time) error {
	seconds, nanos := uuid.UUID(id).Time().UnixTime()
	made := time.Unix(seconds, nanos)
	if made.Before(now.Add(-maxReservationIDAge)) || made.After(now.Add(maxReservationIDLead)) {
		return &InvalidError{Field: "id", Value: id.String(), Reason: "make a reservation's id when you ask for it: its time must be at most a day ago and not in the future"}
	}
	return nil
}

// ReservationState is where a reservation stands. It leaves open once, and for ever.
type ReservationState string

// The states of a reservation.
const (
	ReservationOpen    ReservationState = "open"    // holds its amounts
	ReservationSettled ReservationState = "settled" // what was really used is counted
	ReservationVoided  ReservationState = "voided"  // nothing is counted
	ReservationExpired ReservationState = "expired" // ended by itself; see [AtExpiry]
)

// AtExpiry says what happens to the amounts of a reservation that nobody ends.
type AtExpiry string

// The ways to treat such amounts.
const (
	AtExpiryKeep    AtExpiry = "keep"    // they count as used; the default
	AtExpiryRelease AtExpiry = "release" // they are given back; a late settlement may then pass a limit
)

// Overage says what happens to a settlement with more than was reserved.
type Overage string

// The ways to treat such a settlement.
const (
	OverageRefuse Overage = "refuse"  // it is refused and the reservation stays open; the default
	OverageClamp  Overage = "clamp"   // what was reserved is counted
	OverageAllow  Overage = "overage" // all of it is counted, even beyond a limit
)

// ParseOverage reads the name; the empty one is refuse. Its error is an [InvalidError].
func ParseOverage(text string) (Overage, error) {
	switch over := Overage(text); over {
	case "":
		return OverageRefuse, nil
	case OverageRefuse, OverageClamp, OverageAllow:
		return over, nil
	}
	return "", &InvalidError{Field: "over", Value: text, Reason: "use refuse, clamp or overage"}
}

// Posting is units on a meter and the periods that they were posted to. What is
// given back or settled later goes to these periods, not to those that run then.
type Posting struct {
	Meter   string
	Units   int64
	Periods [len(WindowPeriods)]PeriodID
}

// Day returns the local day that the units belong to.
func (p *Posting) Day() PeriodID { return p.Periods[windowDay] }

// Reservation is a charge whose final amounts are not known yet.
type Reservation struct {
	ID        ReservationID
	KeyID     KeyID
	State     ReservationState
	AtExpiry  AtExpiry
	Held      []Posting // what was reserved, requests first
	Settled   []Amount  // what was used in the end; nil: nothing was told
	CreatedAt time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero while it is open
	LateAt    time.Time // when it was settled or voided after it had expired; zero: not

	Fingerprint Fingerprint   // of the charge that made it
	Limits      []LimitStatus // as they stood then: the same question gets the same answer
}

// DueAt reports whether the reservation is open and its expiry has come at an
// instant, so that it ends by itself.
func (r *Reservation) DueAt(at time.Time) bool {
	return r.State == ReservationOpen && endedAt(r.ExpiresAt, at)
}

// Hold makes a charge a reservation.
type Hold struct {
	ID       ReservationID // made by the caller, so that asking again is safe; zero: the engine makes one
	TTL      time.Duration // 0: [DefaultReservationTTL]
	AtExpiry AtExpiry      // empty: [AtExpiryKeep]
}

// Normalize fills in what may be left out and checks the rest. Now is the
// instance's time, by which the id's age is judged.
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

// Settlement is what a reservation used in the end. The zero Settlement is what was
// reserved.
type Settlement struct {
	// Amounts are what was really used. A meter that is left out used what was
	// reserved on it; nil: all did.
	Amounts []Amount
	Overage Overage // of more than was reserved; empty: [OverageRefuse]
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

// Receipt says what a charge was counted as, so that it can be given back.
type Receipt struct {
	KeyID          KeyID
	Postings       []Posting     // requests first
	ChargedAt      time.Time     // by the store's clock
	Reservation    ReservationID // that holds the postings, to be voided; zero: they count as used
	IdempotencyKey string        // to be free again for a charge that is asked for anew; empty: none
}

func tooManyMeters() error {
	return &InvalidError{Field: "amounts", Reason: "a charge can name at most " + strconv.Itoa(MaxMetersPerCharge) + " meters, requests included"}
}
