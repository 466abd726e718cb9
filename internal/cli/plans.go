package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) plansCommand() *cobra.Command {
	return a.group("plans", "Create, show and change plans",
		a.plansCreateCommand(), a.plansListCommand(), a.plansShowCommand(), a.plansUpdateCommand(), a.plansApplyCommand(), a.plansDeleteCommand(),
	)
}

func (a *app) plansCreateCommand() *cobra.Command {
	var limits []string
	var zone string
	var unlimited bool
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a plan",
		Example: `  ration plans create free --limit 1000/day --limit "10/second burst 20"
  ration plans create pro --limit "200000 tokens/month" --time-zone Europe/Berlin`,
		Args: onePlan,
		RunE: func(cmd *cobra.Command, args []string) error {
			parsed, err := parseLimits(limits)
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mayCreate, func(ops admin.Operations) error {
				plan, err := ops.CreatePlan(cmd.Context(), actor(), admin.NewPlan{Name: args[0], TimeZone: zone, Limits: parsed, Unlimited: unlimited})
				if err != nil {
					return err
				}
				return a.showChangedPlan(plan)
			})
		},
	}
	planFlags(cmd, &limits, &zone, &unlimited)
	return cmd
}

func (a *app) plansListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List plans by name", Args: noArguments,
		Example: `  ration plans list
  ration plans list -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				plans, err := ops.ListPlans(cmd.Context(), admin.NameFilter{})
				if err != nil {
					return err
				}
				shown := wire.Plans(plans)
				return a.show(planListing(shown, shown...))
			})
		},
	}
}

func (a *app) plansShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a plan", Args: onePlan,
		Example: `  ration plans show free`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				plan, err := ops.ShowPlan(cmd.Context(), args[0])
				if err != nil {
					return explainPlan(cmd.Context(), ops, args[0], err)
				}
				return a.showPlan(plan)
			})
		},
	}
}

func (a *app) plansUpdateCommand() *cobra.Command {
	var limits, remove []string
	var zone string
	var unlimited bool
	var start startFlag
	var preview previewFlags
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Change a plan; only what you name changes",
		Long: `Changes a plan in one transaction. A --limit replaces the plan's limit for the same
meter and period. Decisions that start afterwards use the change.

` + nextPeriodHelp + "\n\n" + previewHelp,
		Example: `  ration plans update free --limit 2000/day --remove-limit tokens/month
  ration plans update free --limit 500/day --from next-period
  ration plans update free --limit 500/day --preview`,
		Args: onePlan,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			patch := admin.PlanPatch{Name: args[0]}
			if err := preview.check(); err != nil {
				return err
			}
			if !preview.preview && !changesAny(cmd, "from") {
				return usagef("nothing to change: give at least one flag; see '%s --help'", cmd.CommandPath())
			}
			patch.FromNextPeriod = start.nextPeriod
			if patch.SetLimits, err = parseLimits(limits); err != nil {
				return err
			}
			if patch.RemoveLimits, err = parseAll(remove, admin.ParseLimitKey); err != nil {
				return err
			}
			if cmd.Flags().Changed("time-zone") {
				patch.TimeZone = &zone
			}
			if cmd.Flags().Changed("unlimited") {
				patch.Unlimited = &unlimited
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				if preview.preview {
					return a.previewPlan(cmd.Context(), ops, patch, &preview)
				}
				plan, err := ops.UpdatePlan(cmd.Context(), actor(), patch)
				if err != nil {
					return explainPlan(cmd.Context(), ops, args[0], err)
				}
				return errors.Join(a.showChangedPlan(plan), a.sayKeysOfPlan(cmd.Context(), ops, plan.Name))
			})
		},
	}
	planFlags(cmd, &limits, &zone, &unlimited)
	start.register(cmd)
	preview.register(cmd)
	cmd.Flags().StringArrayVar(&remove, "remove-limit", nil, `limit to remove: "day", "tokens/month"; repeat for several`)
	return cmd
}

func (a *app) plansDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Delete a plan that no key uses", Args: onePlan,
		Example: `  ration plans delete old --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			err := a.confirm(cmd.Context(), yes, func(ops admin.Operations) (string, error) {
				if err := checkPlan(cmd.Context(), ops, args[0]); err != nil {
					return "", err
				}
				keys, err := admin.FirstKeys(cmd.Context(), ops, admin.KeyFilter{Plan: args[0], Limit: 1})
				if err == nil && len(keys) > 0 {
					err = planInUse(args[0])
				}
				return fmt.Sprintf("Deleting plan %s can't be undone.", visible(args[0])), err
			})
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				if err := ops.DeletePlan(cmd.Context(), actor(), args[0]); err != nil {
					return err
				}
				a.say("Deleted plan %s", args[0])
				return nil
			})
		},
	}
	asks(cmd, &yes, "It asks first.")
	return cmd
}

func planFlags(cmd *cobra.Command, limits *[]string, zone *string, unlimited *bool) {
	cmd.Flags().StringArrayVar(limits, "limit", nil, `limit: "1000/day", "200000 tokens/month", "10/second burst 20"; repeat for several`)
	cmd.Flags().StringVar(zone, "time-zone", "", "IANA time zone of its keys' days, such as Europe/Berlin (default UTC)")
	cmd.Flags().BoolVar(unlimited, "unlimited", false, "mark that the plan is meant to have no limit; without the mark, the command reports it")
}

func (a *app) showPlan(plan ration.Plan) error {
	shown := wire.Plan(plan)
	if err := a.show(planListing(shown, shown)); err != nil || a.format != formatTable || a.quiet || len(shown.Next) == 0 {
		return err
	}
	fmt.Fprintln(a.stdout)
	return showTable(a.stdout, nextListing(shown))
}

// showChangedPlan prints a plan that was created or changed.
func (a *app) showChangedPlan(plan ration.Plan) error {
	a.sayPlanWithoutLimit(plan)
	return a.showPlan(plan)
}

func planListing(value any, plans ...api.Plan) listing {
	list := listing{
		value: value, empty: "no plans; create one with 'ration plans create NAME'",
		columns: []column{{name: "name"}, {name: "time_zone"}, {name: "limits"}, {name: "created_at", wide: true}, {name: "updated_at"}},
	}
	for _, plan := range plans {
		list.rows = append(list.rows, []string{
			plan.Name, plan.TimeZone, limitsText(plan), instantText(&plan.CreatedAt), instantText(&plan.UpdatedAt),
		})
	}
	return list
}

// meterLimitText writes a limit as --limit reads it.
func meterLimitText(limit api.PlanLimit) string {
	text := string(limit.Quantity)
	if limit.Meter != ration.MeterRequests {
		text += " " + limit.Meter
	}
	return text + perText(limit) + burstText(limit)
}

func onePlan(cmd *cobra.Command, args []string) error {
	return oneArgument("the name of a plan")(cmd, args)
}

func planInUse(name string) error {
	return fmt.Errorf("%w: keys still have plan %q; give them another plan first", ration.ErrConflict, name)
}
