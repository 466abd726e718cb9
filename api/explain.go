package api

import "time"

// Explanation says what a charge of a key would get, and why. Nothing is charged.
type Explanation struct {
	Key          Key                `json:"key"`
	At           time.Time          `json:"at"`          // by the database's clock
	PeriodZone   string             `json:"period_zone"` // IANA time zone of its periods
	Allowed      bool               `json:"allowed"`
	Code         string             `json:"code"`
	RetryAfter   *int64             `json:"retry_after,omitempty"` // seconds; absent: waiting does not help, or nothing is refused
	Limits       []LimitExplanation `json:"limits"`                // never null
	Reservations []Reservation      `json:"reservations"`          // open ones, the first to expire first; never null
}

// LimitExplanation says what one limit by itself would decide.
type LimitExplanation struct {
	Limit
	Allows     string     `json:"allows"` // "1000/day", "10/second burst 20"
	Asked      int64      `json:"asked"`  // units of the charge on its meter
	Code       string     `json:"code"`   // ok, or why it refuses
	Detail     string     `json:"detail"` // the same in a sentence
	RetryAfter *int64     `json:"retry_after,omitempty"`
	Plan       string     `json:"plan"`  // whose limit it is; empty: the key's own
	Until      *time.Time `json:"until"` // when a key's own limit ends; null: it does not
	Then       string     `json:"then"`  // what holds from then on: "5000/day", "unlimited"; empty: it does not end
	Holds      []OpenHold `json:"holds"` // the reservations that hold some of it; never null
}

// OpenHold is what one reservation holds of a limit.
type OpenHold struct {
	Reservation string    `json:"reservation"`
	Units       int64     `json:"units"`
	ExpiresAt   time.Time `json:"expires_at"`
}
