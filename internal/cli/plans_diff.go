package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration/api"
)

// showPlanChanges shows what became of plans: for people as a difference.
func (a *app) showPlanChanges(meters []api.MeterChange, changes []api.PlanChange, dryRun bool) error {
	if a.format != formatTable || a.quiet {
		return a.show(planChangeListing(changes))
	}
	counts := make(map[string]int)
	for _, change := range meters {
		counts[change.Action]++
		fmt.Fprint(a.stdout, meterDiff(change))
	}
	for _, change := range changes {
		counts[change.Action]++
		fmt.Fprint(a.stdout, planDiff(change))
	}
	summary := "Nothing was changed: everything is as the file says."
	switch {
	case len(meters)+len(changes) > counts["unchanged"]:
		summary = fmt.Sprintf("%d created, %d updated, %d deleted, %d unchanged.", counts["created"], counts["updated"], counts["deleted"], counts["unchanged"])
		if dryRun {
			summary = "This was a dry run. Without --dry-run: " + summary
		}
	case len(meters)+len(changes) == 0:
		summary = "Nothing was changed: the file has no plans."
	}
	a.say("%s", summary)
	return nil
}

func planChangeListing(changes []api.PlanChange) listing {
	list := listing{value: changes, columns: []column{{name: "name"}, {name: "action"}, {name: "before"}, {name: "after"}}}
	for _, change := range changes {
		list.rows = append(list.rows, []string{
			change.Name, change.Action, strings.Join(planLines(change.Before), "; "), strings.Join(planLines(change.After), "; "),
		})
	}
	return list
}

// planDiff is the difference of one plan, a line for each thing that differs; empty if
// nothing does.
func planDiff(change api.PlanChange) string {
	sign, known := map[string]string{"created": "+", "updated": "~", "deleted": "-"}[change.Action]
	if !known {
		return ""
	}
	var diff strings.Builder
	fmt.Fprintf(&diff, "%s plan %s\n", sign, visible(change.Name))
	before, after := planLines(change.Before), planLines(change.After)
	for _, line := range before {
		if !slices.Contains(after, line) {
			fmt.Fprintf(&diff, "  - %s\n", visible(line))
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			fmt.Fprintf(&diff, "  + %s\n", visible(line))
		}
	}
	return diff.String()
}

// meterDiff is the difference of one meter; empty if nothing differs.
func meterDiff(change api.MeterChange) string {
	switch {
	case change.Action == "unchanged":
		return ""
	case change.Before == nil:
		return fmt.Sprintf("+ meter %s\n  + unit %s\n", visible(change.After.Name), change.After.Unit)
	}
	return fmt.Sprintf("~ meter %s\n  - unit %s\n  + unit %s\n", visible(change.After.Name), change.Before.Unit, change.After.Unit)
}

// planLines says what a plan has, a line for each thing.
func planLines(plan *api.Plan) (lines []string) {
	if plan == nil {
		return nil
	}
	for _, limit := range plan.Limits {
		lines = append(lines, "limit "+meterLimitText(limit))
	}
	for _, next := range plan.Next {
		lines = append(lines, "from each key's next "+startUnit(next.PlanLimit)+": "+nextLimitText(next))
	}
	if plan.TimeZone != "" {
		lines = append(lines, "time zone "+plan.TimeZone)
	}
	if plan.Unlimited {
		lines = append(lines, "unlimited")
	}
	return lines
}
