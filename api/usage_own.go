package api

import "time"

// OwnUsage is what the holder of a key may know of it: the answer to GET /v1/usage.
type OwnUsage struct {
	Key    OwnKey     `json:"key"`
	At     time.Time  `json:"at"`     // by the database's clock
	Limits []Limit    `json:"limits"` // those that hold now; never null
	From   string     `json:"from"`   // 2026-01-02, the first day of Usage, in the key's time zone
	To     string     `json:"to"`     // 2026-01-31, the current day
	Usage  []OwnMeter `json:"usage"`  // from From to To, by meter; never null
	More   bool       `json:"more"`   // Usage is not the whole: there are too many meters
}

// OwnKey is what the holder of a key may know of the key itself.
type OwnKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Plan      string     `json:"plan"`       // empty if the key has none
	TimeZone  string     `json:"time_zone"`  // IANA time zone of its days, weeks and months
	ExpiresAt *time.Time `json:"expires_at"` // null: never
}

// OwnMeter is what a key used on a meter.
type OwnMeter struct {
	Meter  string   `json:"meter"`
	Used   Number   `json:"used"`   // units, on all of Days
	Denied int64    `json:"denied"` // charges, on all of Days
	Days   []OwnDay `json:"days"`   // days without usage are left out; never null
}

// OwnDay is what a key used on a meter on one of its local days.
type OwnDay struct {
	Date   string `json:"date"`   // 2026-01-31
	Used   Number `json:"used"`   // units
	Denied int64  `json:"denied"` // charges
}
