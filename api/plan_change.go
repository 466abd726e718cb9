package api

// PlanChange is what became of a plan that was applied, or would become of it.
type PlanChange struct {
	Name   string `json:"name"`
	Action string `json:"action"` // created, updated, unchanged, deleted
	Before *Plan  `json:"before"` // null: it was created
	After  *Plan  `json:"after"`  // null: it was deleted
}
