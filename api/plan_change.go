package api

// PlanChange is what became of a plan that was applied, or would become of it.
type PlanChange struct {
	Name   string `json:"name"`
	Action string `json:"action"` // created, updated, unchanged, deleted
	Before *Plan  `json:"before"` // null: it was created
	After  *Plan  `json:"after"`  // null: it was deleted
}

// PlansApplied is what became of plans that were applied: first of those that were
// given, then of those that were deleted.
type PlansApplied struct {
	DryRun bool          `json:"dry_run"` // nothing was changed: this is what would result
	Meters []MeterChange `json:"meters"`  // never null
	Plans  []PlanChange  `json:"plans"`   // never null
}
