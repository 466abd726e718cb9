package api

import "time"

// Explanation says how a charge of a key would be decided, and why. Nothing is
// charged.
type Explanation struct {
	Key          Key                `json:"key"`
	At           time.Time          `json:"at"`          // by the database's clock
	PeriodZone   string             `json:"period_zone"` // IANA time zone of its periods
	Allowed      bool               `json:"allowed"`
	Code         string             `json:"code"`
	RetryAfter   *int64             `json:"retry_after,omitempty"` // seconds; absent: waiting does not help, or the charge would be admitted
	Limits       []LimitExplanation `json:"limits"`                // never null
	Reservations []Reservation      `json:"reservations"`          // the open ones, in the order of their expiry; never null
}

// LimitExplanation says how one limit alone would decide the charge.
type LimitExplanation struct {
	Limit
	Allows     string     `json:"allows"` // "1000/day", "10/second burst 20"
	Asked      Number     `json:"asked"`  // units of the charge on its meter
	Code       string     `json:"code"`   // ok, or why the limit refuses
	Detail     string     `json:"detail"` // the code as a sentence
	RetryAfter *int64     `json:"retry_after,omitempty"`
	Plan       string     `json:"plan"`  // the plan that the limit belongs to; empty: it is the key's own
	Until      *time.Time `json:"until"` // when the limit ends or changes by itself; null: it does not
	Then       string     `json:"then"`  // the limit that holds from until on: "5000/day", "unlimited"; empty: the limit stays as it is
	Holds      []OpenHold `json:"holds"` // the open reservations that hold a part of the limit; never null
}

// OpenHold is the part of a limit that one open reservation holds.
type OpenHold struct {
	Reservation string    `json:"reservation"`
	Units       Number    `json:"units"`
	ExpiresAt   time.Time `json:"expires_at"`
}
