package api

// NewPlan is the body of POST /v1/admin/plans, and one of the plans of
// POST /v1/admin/plans/apply.
type NewPlan struct {
	Name      string   `json:"name"`
	TimeZone  string   `json:"time_zone,omitempty"` // IANA name; empty: UTC
	Limits    []string `json:"limits,omitempty"`    // "1000/day", "200000 tokens/month", "10/second burst 20", "5 at once"
	Unlimited bool     `json:"unlimited,omitempty"` // the missing limit is intended
}

// PlanPatch is the body of PATCH /v1/admin/plans/{name}, a JSON merge patch
// (RFC 7396). The change holds for every decision that starts after the answer.
type PlanPatch struct {
	TimeZone     *string  `json:"time_zone,omitempty" nullable:"true"` // null: UTC
	SetLimits    []string `json:"set_limits,omitempty"`                // each replaces the one for its meter and period
	RemoveLimits []string `json:"remove_limits,omitempty"`             // "day", "tokens/month"
	Unlimited    *bool    `json:"unlimited,omitempty"`                 // whether the missing limit is intended

	// FromNextPeriod lets each change of a limit start when that limit's own next period
	// begins, for each key in its own time zone. Then only set_limits and remove_limits may
	// be there.
	FromNextPeriod bool `json:"from_next_period,omitempty"`
}

// PlansApply is the body of POST /v1/admin/plans/apply: plans as they are to be. What
// a plan leaves out is removed from it.
type PlansApply struct {
	Meters []NewMeter `json:"meters,omitempty"` // units that meters are to have; other meters keep theirs
	Plans  []NewPlan  `json:"plans"`
	Prune  bool       `json:"prune,omitempty"`   // delete the plans that are not named
	DryRun bool       `json:"dry_run,omitempty"` // only tell what would change

	// FromNextPeriod lets changed limits of plans that exist start with each limit's own
	// next period. All else is so at once.
	FromNextPeriod bool `json:"from_next_period,omitempty"`
}
