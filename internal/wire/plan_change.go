package wire

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// PlanChanges returns what became of plans that were applied.
func PlanChanges(applied []admin.PlanApplied) []api.PlanChange {
	return convert(applied, func(change admin.PlanApplied) api.PlanChange {
		wire := api.PlanChange{Action: string(change.Action), Before: planOrNone(change.Before), After: planOrNone(change.After)}
		if wire.Name = change.After.Name; wire.After == nil {
			wire.Name = change.Before.Name
		}
		return wire
	})
}

func planOrNone(plan ration.Plan) *api.Plan {
	if plan.Name == "" {
		return nil
	}
	shown := Plan(plan)
	return &shown
}
