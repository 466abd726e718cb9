package api

import "time"

// UsageReport is usage added up by group, and of everything that was asked for. Each
// sum is of one meter: units of two meters don't add up.
type UsageReport struct {
	Zone    string     `json:"zone,omitempty"` // of all days, months and hours; absent: each key's own
	From    string     `json:"from,omitempty"` // the first day of a report in a zone; or the one since which days are complete, if there is no zone, none was asked for, and earlier ones were deleted
	To      string     `json:"to,omitempty"`   // the last one
	GroupBy []string   `json:"group_by"`       // key, owner, plan, hour, day, month, meter; never null
	Sums    []UsageSum `json:"sums"`           // never null
	Totals  []UsageSum `json:"totals"`         // one for each meter; never null
	More    bool       `json:"more"`           // there are more sums than were asked for; the totals have them too
}

// UsageSum is what a group used on a meter. A group's member is absent unless the
// report is grouped by it.
type UsageSum struct {
	KeyID         string     `json:"key_id,omitempty"`
	KeyName       *string    `json:"key_name,omitempty"` // with key_id
	Owner         *string    `json:"owner,omitempty"`    // empty: none; also with key_id
	Plan          *string    `json:"plan,omitempty"`     // empty: none
	Hour          string     `json:"hour,omitempty"`     // its start, in the report's zone: 2026-01-31T23:00:00+01:00
	Day           string     `json:"day,omitempty"`      // 2026-01-31, in the report's zone or the keys'
	Month         string     `json:"month,omitempty"`    // 2026-01
	Meter         string     `json:"meter"`
	Used          Number     `json:"used"`            // units
	Denied        int64      `json:"denied"`          // charges
	LastRequestAt *time.Time `json:"last_request_at"` // of admitted charges; null: none, or the report is in a zone
}
