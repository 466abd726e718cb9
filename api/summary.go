package api

import "time"

// Summary says which keys used most today, and which are nearest to a limit. Only active
// keys that have not expired are in it.
type Summary struct {
	AsOf       time.Time `json:"as_of"`       // by the database's clock: each key is shown as it was then or later
	AgeSeconds int64     `json:"age_seconds"` // of as_of
	Keys       int       `json:"keys"`        // how many keys there are that can be used
	Meters     []string  `json:"meters"`      // that were used today, requests first, at most 50; never null
	Top        []TopKey  `json:"top"`         // those that used most of the meter today, at most 100; never null
	NearLimit  []NearKey `json:"near_limit"`  // those nearest to a limit, at most 100; never null
}

// TopKey is a key and what it used on its current day, which is that of its own time zone.
type TopKey struct {
	KeyID   string            `json:"key_id"`
	KeyName string            `json:"key_name"`
	Owner   string            `json:"owner"`
	Plan    string            `json:"plan"`
	Used    map[string]Number `json:"used"` // by meter, of those in meters; without those that it did not use
}

// NearKey is a key and that of its limits of which the smallest part remains.
type NearKey struct {
	KeyID   string    `json:"key_id"`
	KeyName string    `json:"key_name"`
	Owner   string    `json:"owner"`
	Plan    string    `json:"plan"`
	At      time.Time `json:"at"`      // by the database's clock: when it stood so
	Percent int       `json:"percent"` // of the limit that is used or reserved, rounded down: 100 means that nothing remains
	Limit   KeyLimit  `json:"limit"`
}
