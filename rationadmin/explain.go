package rationadmin

import (
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
)

// ExplainQuestion describes a charge that is explained and not made.
type ExplainQuestion struct {
	KeyID   ration.KeyID
	Amounts []ration.Amount // nil: one request
	Scope   string          // empty: none
	IP      netip.Addr      // zero: don't look at the key's allow list
}

// Explanation says how a charge would be decided, and why.
type Explanation struct {
	Key          KeyRecord
	At           time.Time // the store's time
	PeriodZone   string    // the time zone of the key's periods
	Code         ration.Code
	RetryAfter   time.Duration        // 0: waiting does not help, or the charge would be admitted
	Limits       []LimitExplanation   // the limits that hold, even if the key itself is refused
	Reservations []ration.Reservation // the key's open ones, in the order of their expiry
}

// LimitExplanation says how one limit alone would decide the charge.
type LimitExplanation struct {
	ration.LimitStatus               // before the charge
	Asked              int64         // units of the charge on its meter
	Code               ration.Code   // ok, or why the limit refuses
	RetryAfter         time.Duration // 0: waiting does not help, or the limit does not refuse
	Plan               string        // the plan that the limit belongs to; empty: it is the key's own
	Until              time.Time     // when the limit ends or changes by itself; zero: it does not
	Then               *ration.Limit // the limit that holds from Until on; nil: none will, or the limit stays as it is
	Holds              []OpenHold    // the open reservations that hold a part of the limit
}

// OpenHold is the part of a limit that one open reservation holds.
type OpenHold struct {
	Reservation ration.ReservationID
	Units       int64
	ExpiresAt   time.Time
}
