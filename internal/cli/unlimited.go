package cli

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// sayNoLimit says of a key that was changed that it has no limit, or will have
// none, which may be a slip.
func (a *app) sayNoLimit(key admin.KeyRecord) {
	if key.NoLimit == nil {
		return
	}
	when := ""
	if from := key.NoLimit.From; !from.IsZero() {
		when = " from " + instantText(&from) + " on"
	}
	if until := key.NoLimit.Until; !until.IsZero() {
		when += " until " + instantText(&until)
	}
	a.say("Key %s has no limit%s. Give it one: 'ration keys update %s --limit 1000/day' or '--plan NAME'; if none is meant, say so with --unlimited.",
		visible(key.Name), when, key.ID)
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

const limitCure = " with 'ration keys update' and --limit or --plan; if none is meant, say so with --unlimited."

// sayPlanWithoutLimit says of a plan that was changed that it limits nothing.
func (a *app) sayPlanWithoutLimit(plan ration.Plan) {
	if len(plan.Limits) == 0 && !plan.Unlimited {
		a.say("Plan %s has no limit: its keys have no limit but their own. Give it one: 'ration plans update %s --limit 1000/day'; if none is meant, say so with --unlimited.",
			visible(plan.Name), plan.Name)
	}
}
