package wire

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// Plan returns a plan.
func Plan(plan ration.Plan) api.Plan {
	return api.Plan{
		Name: plan.Name, TimeZone: plan.TimeZone, Limits: convert(plan.Limits, Limit), Unlimited: plan.Unlimited,
		Next: convert(plan.Next, func(next ration.NextLimit) api.NextLimit {
			return api.NextLimit{PlanLimit: Limit(next.Limit), Removed: next.Removed, Since: next.Since.UTC()}
		}),
		CreatedAt: plan.CreatedAt.UTC(), UpdatedAt: plan.UpdatedAt.UTC(),
	}
}

// Plans returns plans.
func Plans(plans []ration.Plan) []api.Plan { return convert(plans, Plan) }

// Limit returns a limit.
func Limit(limit ration.Limit) api.PlanLimit {
	return api.PlanLimit{
		Name: limit.Name, Meter: limit.Meter, Kind: string(limit.Kind),
		Quantity: number(limit.Unit, limit.Quantity), Period: string(limit.Period), Burst: number(limit.Unit, limit.Burst),
	}
}
