package rationadmin

import (
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
)

// ExplainQuestion is a charge that nobody makes.
type ExplainQuestion struct {
	KeyID   ration.KeyID
	Amounts []ration.Amount // nil: one request
	Scope   string          // empty: none
	IP      netip.Addr      // zero: not asked; then a key's list of addresses is left out
}

// Explanation says what a charge would get and why.
type Explanation struct {
	Key          KeyRecord
	At           time.Time // the store's time
	PeriodZone   string    // of the key's periods
	Code         ration.Code
	RetryAfter   time.Duration        // 0: waiting does not help, or nothing is refused
	Limits       []LimitExplanation   // those that hold, also where the key itself is refused
	Reservations []ration.Reservation // that are open, the first to expire first
}

// LimitExplanation says what one limit would say alone.
type LimitExplanation struct {
	ration.LimitStatus               // before the charge
	Asked              int64         // units of the charge on its meter
	Code               ration.Code   // ok, or why it refuses
	RetryAfter         time.Duration // 0: waiting does not help, or it does not refuse
	Plan               string        // whose limit it is; empty: the key's own
	Until              time.Time     // of a key's own limit that ends; zero: for good
	Then               *ration.Limit // what holds from then on; nil: nothing, or it does not end
	Holds              []OpenHold    // what is reserved of it
}

// OpenHold is a part of what is reserved.
type OpenHold struct {
	Reservation ration.ReservationID
	Units       int64
	ExpiresAt   time.Time
}
