package api

import "time"

// Plan is a named set of limits.
type Plan struct {
	Name      string      `json:"name"`
	TimeZone  string      `json:"time_zone"` // empty: UTC
	Limits    []PlanLimit `json:"limits"`    // never null
	Unlimited bool        `json:"unlimited"` // the missing limit is intended
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
}

// PlanLimit is a limit on one meter, of a plan or a key's own.
type PlanLimit struct {
	Name     string `json:"name"`
	Meter    string `json:"meter"`
	Kind     string `json:"kind"`     // "quota", "rate" or "concurrent"
	Quantity int64  `json:"quantity"` // units per period
	Period   string `json:"period"`
	Burst    int64  `json:"burst"` // rates: the most units at one instant; quotas: 0
}
