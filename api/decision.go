package api

import "time"

// Key is what a decision says about the key that was charged.
type Key struct {
	ID    string `json:"id"`
	Name  string `json:"name"`  // for display only
	Owner string `json:"owner"` // empty if the key has none
	Plan  string `json:"plan"`  // empty if the key has none
}

// Limit is the state of one limit of a key after a decision.
type Limit struct {
	Name      string     `json:"name"`
	Meter     string     `json:"meter"`
	Kind      string     `json:"kind"`   // "quota", "rate" or "concurrent"
	Period    string     `json:"period"` // "second" … "lifetime"
	Limit     Number     `json:"limit"`  // units: a quota's quantity, a rate's burst
	Used      Number     `json:"used"`   // units; of a rate: the part of its burst that has not come back yet
	Reserved  Number     `json:"reserved"`
	Remaining Number     `json:"remaining"` // never below 0
	ResetsAt  *time.Time `json:"resets_at"` // null: never
}
