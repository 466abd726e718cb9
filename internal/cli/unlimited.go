package cli

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

// sayNoLimit says of a key that was changed that it has no limit, or will have
// none, which may be a slip.
func (a *app) sayNoLimit(key admin.KeyRecord) {
	if key.NoLimit.Unmarked() {
		a.say("Key %s has no limit%s. Give it one: 'ration keys update %s --limit 1000/day' or '--plan NAME'; if this is intended, say so with --unlimited.",
			visible(key.Name), sheet.When(wire.NoLimit(key.NoLimit)), key.ID)
	}
}

// sayKeysWithoutLimit says how many keys of a change have no limit.
func (a *app) sayKeysWithoutLimit(count int) {
	switch count {
	case 0:
		return
	case 1:
		a.say("1 key has no limit, now or when a temporary one ends. Give it one%s", limitCure)
	default:
		a.say("%d keys have no limit, now or when a temporary one ends. Give them one%s", count, limitCure)
	}
}

const limitCure = ": 'ration keys update --select unlimited=unmarked --limit 1000/day' does so for all such keys; if this is intended, say so with --unlimited."

// sayPlanWithoutLimit says of a plan that was changed that it limits nothing.
func (a *app) sayPlanWithoutLimit(plan ration.Plan) {
	if len(plan.Limits) == 0 && !plan.Unlimited {
		a.say("Plan %s has no limit: its keys have only their own limits. Give it one: 'ration plans update %s --limit 1000/day'; if this is intended, say so with --unlimited.",
			visible(plan.Name), plan.Name)
	}
}

// sayKeysOfPlan says which keys of a plan that was changed have no limit: the plan
// may have lost the last one that held them.
func (a *app) sayKeysOfPlan(ctx context.Context, ops admin.Operations, plan string) error {
	keys, err := ops.CountUnlimited(ctx, admin.KeyFilter{Plan: plan, Unlimited: admin.UnlimitedUnmarked})
	switch {
	case err != nil:
		return fmt.Errorf("plan %q was changed; counting its keys without a limit: %w", plan, err)
	case keys.Count > 0:
		a.say("On plan %s, %s. Give them one: 'ration keys update --select plan=%s --select unlimited=unmarked --limit 1000/day'; if this is intended, say so with --unlimited.",
			plan, keys, plan)
	}
	return nil
}
