package rationadmin

import "github.com/ration-dev/ration"

// PlansApply describes plans as they are to be.
type PlansApply struct {
	Meters         []MeterUnit // units that meters are to have; other meters keep theirs
	Plans          []NewPlan   // each replaces the plan of its name: what it leaves out is removed from the plan
	Prune          bool        // delete the plans that are not named; refused if a key has one of them
	FromNextPeriod bool        // changed limits of plans that exist start as those of a [PlanPatch] do; all else is so at once

	DryRun bool // change nothing, and say what would be changed
}

// PlansApplied says what became of meters and plans, or would become of them.
type PlansApplied struct {
	Meters []MeterApplied // by name
	Plans  []PlanApplied  // in the order of [PlansApply], deleted ones after them
}

// MeterApplied says what became of a meter, or would become of it.
type MeterApplied struct {
	Action PlanAction
	Before Meter // without times if it had no unit of its own
	After  Meter
}

// PlanAction is what becomes of a plan or a meter.
type PlanAction string

// What becomes of a plan that is applied.
const (
	PlanCreated   PlanAction = "created"
	PlanUpdated   PlanAction = "updated"
	PlanUnchanged PlanAction = "unchanged"
	PlanDeleted   PlanAction = "deleted"
)

// PlanApplied says what became of a plan, or would become of it.
type PlanApplied struct {
	Action PlanAction
	Before ration.Plan // zero: it was created
	After  ration.Plan // zero: it was deleted
}
