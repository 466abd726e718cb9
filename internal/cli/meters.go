package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) metersCommand() *cobra.Command {
	return a.group("meters", "Give meters a unit, for decimals such as seconds or money",
		a.metersSetCommand(), a.metersListCommand(), a.metersShowCommand(),
	)
}

func (a *app) metersSetCommand() *cobra.Command {
	var unit string
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Give a meter its unit, before anything counts on it",
		Long: `Gives a meter its unit: 1, 0.1, 0.01 and so on to 0.000000001. Everything on the meter
is then counted in whole units, and is written and shown as a decimal number. A meter
without a unit counts whole numbers, and needs no command.

A unit can't change any more once something counts on the meter: a limit of a plan or a
key, or anything that a key was charged. Use a new meter then. All instances must run a
release that knows units before the first meter gets one; releases that don't refuse
the database from then on.`,
		Example: `  ration meters set seconds --unit 0.001
  ration meters set eur --unit 0.01`,
		Args: oneMeter,
		RunE: func(cmd *cobra.Command, args []string) error {
			meter := admin.MeterUnit{Name: args[0]}
			var err error
			if unit == "" {
				return usagef("give the unit, such as --unit 0.001")
			}
			if meter.Unit, err = ration.ParseUnit(unit); err != nil {
				return err
			}
			return a.with(cmd.Context(), mayCreate, func(ops admin.Operations) error {
				set, err := ops.SetMeter(cmd.Context(), actor(), meter)
				if err != nil {
					return err
				}
				return a.showMeter(set)
			})
		},
	}
	cmd.Flags().StringVar(&unit, "unit", "", "what the meter is counted in: 1, 0.1, 0.01, 0.001 … 0.000000001 (required)")
	return cmd
}

func (a *app) metersListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the meters that were given a unit", Args: noArguments,
		Example: `  ration meters list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				meters, err := ops.ListMeters(cmd.Context(), admin.NameFilter{})
				if err != nil {
					return err
				}
				shown := wire.Meters(meters)
				return a.show(meterListing(shown, shown...))
			})
		},
	}
}

func (a *app) metersShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show the unit of a meter", Args: oneMeter,
		Example: `  ration meters show seconds`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				meters, err := ops.ListMeters(cmd.Context(), admin.NameFilter{})
				if err != nil {
					return err
				}
				i := slices.IndexFunc(meters, func(m admin.Meter) bool { return m.Name == args[0] })
				if i < 0 {
					return fmt.Errorf("meter %q: %w: it was given no unit, so it counts whole numbers", visible(args[0]), ration.ErrNotFound)
				}
				return a.showMeter(meters[i])
			})
		},
	}
}

func (a *app) showMeter(meter admin.Meter) error {
	shown := wire.Meter(meter)
	return a.show(meterListing(shown, shown))
}

func meterListing(value any, meters ...api.Meter) listing {
	list := listing{
		value: value, empty: "no meter has a unit, so all of them count whole numbers; give one a unit with 'ration meters set NAME --unit 0.001'",
		columns: []column{{name: "name"}, {name: "unit"}, {name: "created_at", wide: true}, {name: "updated_at"}},
	}
	for _, meter := range meters {
		list.rows = append(list.rows, []string{meter.Name, string(meter.Unit), instantText(&meter.CreatedAt), instantText(&meter.UpdatedAt)})
	}
	return list
}

func oneMeter(cmd *cobra.Command, args []string) error {
	return oneArgument("the name of a meter")(cmd, args)
}
