package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// nextPeriodHelp is what commands with --from say of it.
const nextPeriodHelp = `With --from next-period, each limit changes when its own next period begins, in the
key's time zone: a limit per day at midnight, one per month on the 1st. Rates, lifetime
and concurrent limits change with the key's next day. Until then the limit stays as it
is, and what was used stays with the old period. A later change of the same limit takes
its place; the limit as it is now takes it back.`

// nextPlanHelp is what is said of keys besides.
const nextPlanHelp = `A --plan with --from next-period takes the place of the present plan as soon as the
longest period of its limits has ended: a plan with a limit per month is kept until the
1st.`

// startFlag is --from: when limits change. The zero value is now.
type startFlag struct{ nextPeriod bool }

const (
	startNow        = "now"
	startNextPeriod = "next-period"
)

func (f *startFlag) register(cmd *cobra.Command) {
	cmd.Flags().Var(f, "from", `when limits change: "now" or "next-period"`)
}

// String implements pflag.Value.
func (f *startFlag) String() string {
	if f.nextPeriod {
		return startNextPeriod
	}
	return startNow
}

// Type implements pflag.Value.
func (f *startFlag) Type() string { return "string" }

// Set implements pflag.Value.
func (f *startFlag) Set(text string) error {
	if text != startNow && text != startNextPeriod {
		return fmt.Errorf("use %s or %s", startNow, startNextPeriod)
	}
	f.nextPeriod = text == startNextPeriod
	return nil
}

// nextListing has the changes of a plan that start later.
func nextListing(plan api.Plan) listing {
	list := listing{columns: []column{{name: "next_limit"}, {name: "meter"}, {name: "allows"}, {name: "from"}}}
	for _, next := range plan.Next {
		list.rows = append(list.rows, []string{next.Name, next.Meter, nextText(next), "each key's first " + startUnit(next.PlanLimit) + " after " + instantText(&next.Since)})
	}
	return list
}

func nextText(next api.NextLimit) string {
	if next.Removed {
		return "unlimited" + perText(next.PlanLimit)
	}
	return limitText(next.PlanLimit)
}

// startUnit is the period with which a limit that was scheduled starts.
func startUnit(limit api.PlanLimit) string {
	if periods := []string{"hour", "day", "week", "month"}; slices.ContainsFunc(periods, func(p string) bool { return strings.HasPrefix(limit.Period, p) }) {
		return limit.Period
	}
	return string(ration.PeriodDay)
}

// limitsText writes a plan's limits in one line, with those that start later.
func limitsText(plan api.Plan) string {
	var limits []string
	for _, limit := range plan.Limits {
		limits = append(limits, meterLimitText(limit))
	}
	for _, next := range plan.Next {
		limits = append(limits, fmt.Sprintf("next %s: %s", startUnit(next.PlanLimit), nextLimitText(next)))
	}
	return strings.Join(limits, ", ")
}

// nextLimitText writes a limit that starts later as --limit reads it.
func nextLimitText(next api.NextLimit) string {
	if next.Removed {
		return "no limit on " + next.Meter + perText(next.PlanLimit)
	}
	return meterLimitText(next.PlanLimit)
}
