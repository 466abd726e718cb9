package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

// changeKeys makes a change of all selected keys. It first counts what would be
// changed, which also finds what is wrong with the change before it has begun,
// and asks. Nobody else is kept from the database while it asks.
func (a *app) changeKeys(ctx context.Context, selection *keySelection, change admin.KeysChange) (err error) {
	if change.Filter, err = selection.filter(); err != nil {
		return err
	}
	change.All, change.DryRun = selection.all, true
	would, err := a.changeAllKeys(ctx, change)
	if err != nil {
		return a.explainPlanOfPatch(ctx, change.Patch.Plan, err)
	}
	if would.Changed+would.Unchanged+skippedKeys(would) == 0 {
		return a.noKeySelected(ctx, selection, change.Filter)
	}
	switch {
	case selection.dryRun:
		a.say("Nothing was changed: this was a dry run.")
		return a.showKeysChanged(would)
	case would.Changed == 0:
		would.DryRun = false // there is nothing to do
		return a.showKeysChanged(would)
	case !selection.yes:
		if err := a.ask(manyKeysWarning(change.Action, would, selection)); err != nil {
			return err
		}
	}
	change.DryRun = false
	if selection.background {
		return a.startJob(ctx, change)
	}
	changed, err := a.changeAllKeys(ctx, change)
	if err != nil {
		return err
	}
	return a.showKeysChanged(changed)
}

func (a *app) changeAllKeys(ctx context.Context, change admin.KeysChange) (shown api.KeysChanged, err error) {
	err = a.with(ctx, mustExist, func(ops admin.Operations) error {
		changed, err := rationadmin.ChangeAllKeys(ctx, ops, actor(), change)
		shown = wire.KeysChanged(changed, change.DryRun)
		return err
	})
	return shown, err
}

// noKeySelected says that nothing was changed because no key is meant, and what may
// have been meant.
func (a *app) noKeySelected(ctx context.Context, selection *keySelection, filter admin.KeyFilter) error {
	return a.with(ctx, mustExist, func(ops admin.Operations) error {
		return errNoMatch(ctx, ops, selection.String(), filter)
	})
}

// errNoMatch says that no key matches a filter: because there is no such plan, or else
// with an owner whose name is near.
func errNoMatch(ctx context.Context, ops admin.Operations, text string, filter admin.KeyFilter) error {
	if err := checkPlan(ctx, ops, filter.Plan); err != nil {
		return err
	}
	owner := ""
	if filter.Owner != "" {
		var err error
		if owner, err = nearestOwner(ctx, ops, filter.Owner); err != nil {
			return err
		}
	}
	return fmt.Errorf("there is no key%s%s", text, owner)
}

func manyKeysWarning(action admin.KeyAction, would api.KeysChanged, selection *keySelection) string {
	end := "."
	if action == admin.ActionRevoke {
		end = ", which is final."
	}
	total := would.Changed + would.Unchanged + skippedKeys(would)
	return fmt.Sprintf("This %ss %d of the %d keys%s%s", action, would.Changed, total, selection, end)
}

// showKeysChanged prints the counts, and says why keys were left out.
func (a *app) showKeysChanged(changed api.KeysChanged) error {
	if len(changed.Skipped) > 0 {
		statuses := sortedNames(changed.Skipped)
		for i, status := range statuses {
			statuses[i] = fmt.Sprintf("%d %s", changed.Skipped[status], status)
		}
		a.say("Skipped, because their status doesn't allow it: %s.", strings.Join(statuses, ", "))
	}
	a.sayKeysWithoutLimit(changed.NoLimit)
	return a.show(listing{
		value: changed, columns: []column{{name: "changed"}, {name: "unchanged"}, {name: "skipped"}},
		rows: [][]string{{number(int64(changed.Changed)), number(int64(changed.Unchanged)), number(int64(skippedKeys(changed)))}},
	})
}

func skippedKeys(changed api.KeysChanged) (total int) {
	for _, count := range changed.Skipped {
		total += count
	}
	return total
}

// explainPlanOfPatch is explainPlan for a change of many keys.
func (a *app) explainPlanOfPatch(ctx context.Context, plan *string, err error) error {
	if plan == nil {
		return err
	}
	return a.with(ctx, mustExist, func(ops admin.Operations) error { return explainPlan(ctx, ops, *plan, err) })
}
