package rationadmin

import (
	"github.com/ration-dev/ration"
)

// NewPlan is a plan to be created. Without limits its keys are unlimited.
type NewPlan struct {
	Name     string
	TimeZone string // IANA name; empty: UTC
	Limits   []ration.Limit
	// Unlimited says that the missing limit is intended; refused if the plan has one.
	Unlimited bool
}

// PlanPatch is what to change of a plan; everything left nil stays. All of it
// happens in one transaction and holds for every decision that starts after it.
type PlanPatch struct {
	Name         string            // of the plan; it never changes
	TimeZone     *string           // empty: UTC
	SetLimits    []ration.Limit    // each in the place of the one for its meter, kind and period
	RemoveLimits []ration.LimitKey // the plan no longer limits them
	Unlimited    *bool             // whether the missing limit is intended; refused if the plan has one. Nil keeps it, until the plan has a limit
}
