package api

import "time"

// Plan is a named set of limits.
type Plan struct {
	Name      string      `json:"name"`
	TimeZone  string      `json:"time_zone"` // empty: UTC
	Limits    []PlanLimit `json:"limits"`    // never null
	Next      []NextLimit `json:"next"`      // changes of limits that start with each key's next period, in the order in which they were made; never null
	Unlimited bool        `json:"unlimited"` // the missing limit is intended
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
}

// NextLimit is a change of a plan's limit. For each key, it starts when the first period
// of this limit after the change begins; of a rate, a lifetime or a concurrent limit, with
// the key's next day.
type NextLimit struct {
	PlanLimit
	Removed bool      `json:"removed"` // the plan no longer has the limit; quantity and burst are 0
	Since   time.Time `json:"since"`   // when the change was made
}

// PlanLimit is a limit on one meter, of a plan or a key's own.
type PlanLimit struct {
	Name     string `json:"name"`
	Meter    string `json:"meter"`
	Kind     string `json:"kind"`     // "quota", "rate" or "concurrent"
	Quantity Number `json:"quantity"` // units per period
	Period   string `json:"period"`
	Burst    Number `json:"burst"` // rates: the most units at one instant; quotas: 0
}
