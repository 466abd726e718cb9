package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// NewPlan describes a plan to create. If it has no limits, its keys are unlimited.
type NewPlan struct {
	Name     string
	TimeZone string // IANA name; empty: UTC
	Limits   []ration.Limit
	// Unlimited says that the missing limit is intended; refused if the plan has one.
	Unlimited bool
}

// PlanPatch says what to change in a plan. Fields that are nil change nothing. The
// whole patch is applied in one transaction, and holds for every decision that starts
// after it.
type PlanPatch struct {
	Name         string            // the plan to change; a name never changes
	TimeZone     *string           // empty: UTC
	SetLimits    []ration.Limit    // each replaces the one for its meter, kind and period
	RemoveLimits []ration.LimitKey // the plan no longer limits them
	Unlimited    *bool             // whether the missing limit is intended; refused if the plan has a limit. Nil keeps the mark until the plan has a limit

	// IfUpdatedAt is the plan's UpdatedAt as the caller has seen it. If it is no longer
	// that, the patch is refused with ErrChanged. Zero: whatever it is.
	IfUpdatedAt time.Time

	// FromNextPeriod lets each change of a limit start when that limit's own next period
	// begins, for each key in its own time zone; of a rate, a lifetime or a concurrent
	// limit, with the key's next day. TimeZone and Unlimited must be nil. A later change
	// of the same limit takes the place of one that has not started, and a limit as it is
	// now takes it back.
	FromNextPeriod bool
}
