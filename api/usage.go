package api

import "time"

// UsageDay is what a key used on a meter on one of its local days.
type UsageDay struct {
	KeyID         string     `json:"key_id"`
	KeyName       string     `json:"key_name"`
	Owner         string     `json:"owner"`
	Meter         string     `json:"meter"`
	Date          string     `json:"date"`            // 2026-01-31, in the key's time zone
	Used          Number     `json:"used"`            // units
	Denied        int64      `json:"denied"`          // charges
	LastRequestAt *time.Time `json:"last_request_at"` // of admitted charges; null: none
}
