package api

import "time"

// TrafficReport is how many answers servers gave to requests that ask for a decision,
// added up by group.
type TrafficReport struct {
	Zone    string       `json:"zone"`     // of all days, months and hours
	From    string       `json:"from"`     // the first day
	To      string       `json:"to"`       // the last one
	Since   *time.Time   `json:"since"`    // from when on answers are counted; null: they always were
	GroupBy []string     `json:"group_by"` // hour, day, month, via, code; never null
	Sums    []TrafficSum `json:"sums"`     // none is 0; never null
	More    bool         `json:"more"`     // there are more sums than were asked for
}

// TrafficSum is how many answers a group has. A group's member is absent unless the report
// is grouped by it.
type TrafficSum struct {
	Hour    string `json:"hour,omitempty"`  // its start, in the report's zone: 2026-01-31T23:00:00+01:00
	Day     string `json:"day,omitempty"`   // 2026-01-31, in the report's zone
	Month   string `json:"month,omitempty"` // 2026-01
	Via     string `json:"via,omitempty"`   // the way in: proxy, verify, reservations, or other
	Code    string `json:"code,omitempty"`  // ok, quota_exceeded, …
	Answers int64  `json:"answers"`
}
