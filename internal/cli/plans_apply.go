package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/inputfile"
	"github.com/ration-dev/ration/internal/planfile"
	"github.com/ration-dev/ration/internal/wire"
)

// maxPlanFile bounds what is read of a file of plans.
const maxPlanFile = 1 << 20

func (a *app) plansApplyCommand() *cobra.Command {
	var file string
	var apply admin.PlansApply
	var start startFlag
	cmd := &cobra.Command{
		Use: "apply -f FILE", Short: "Make plans what a file says, all of them or none",
		Long: `Makes plans what a file says, in one transaction, and shows the difference. A plan of
the file has exactly the limits that stand there; it keeps its keys. Plans that aren't
in the file stay as they are, unless --prune deletes them. It asks nothing: look at
the difference first with --dry-run. Applied again, the same file changes nothing.
What was to change later, and is not in the file, no longer does.

` + nextPeriodHelp + `
New plans, and deleted ones, are so at once.

The file is YAML or JSON. Limits and zones are written as 'ration plans create' takes
them. A meter stands there only to give it a unit, as 'ration meters set' does:

  meters:
    - {name: eur, unit: 0.01}
  plans:
    - name: free
      limits: [1000/day, 10/second burst 20]
    - name: pro
      limits:
        - 20000/day
        - 200000 tokens/month
        - 12.50 eur/day
      time_zone: Europe/Berlin     # if left out: UTC
    - name: internal
      unlimited: true              # it is meant to have no limit`,
		Example: `  ration plans apply -f plans.yaml --dry-run
  ration plans apply -f plans.yaml
  ration plans apply -f plans.yaml --from next-period
  ration plans apply -f plans.yaml --prune`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && file == "" {
				return usagef("name the file with -f: '%s -f %s'", cmd.CommandPath(), visible(args[0]))
			}
			return noArguments(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			read, err := a.readPlanFile(file)
			if err != nil {
				return err
			}
			apply.FromNextPeriod = start.nextPeriod
			apply.Meters, apply.Plans = read.Meters, read.Plans
			return a.with(cmd.Context(), creation(!apply.DryRun), func(ops admin.Operations) error {
				applied, err := ops.ApplyPlans(cmd.Context(), actor(), apply)
				if err != nil {
					return fmt.Errorf("nothing was changed: %w", err)
				}
				for _, change := range applied.Plans {
					if change.Action != admin.PlanDeleted {
						a.sayPlanWithoutLimit(change.After)
					}
				}
				return a.showPlanChanges(wire.MeterChanges(applied.Meters), wire.PlanChanges(applied.Plans), apply.DryRun)
			})
		},
	}
	flags := cmd.Flags()
	start.register(cmd)
	flags.StringVarP(&file, "file", "f", "", `file with the plans ("-": standard input; required)`)
	flags.BoolVar(&apply.Prune, "prune", false, "delete the plans that aren't in the file; refused if a key has one of them")
	flags.BoolVar(&apply.DryRun, "dry-run", false, "only show the difference")
	return cmd
}

// readPlanFile reports all that is wrong with a file, each fault with its line.
func (a *app) readPlanFile(file string) (planfile.File, error) {
	if file == "" {
		return planfile.File{}, usagef(`name the file with the plans: -f plans.yaml, or -f - for the standard input`)
	}
	content, err := a.readInput(file)
	if err != nil {
		return planfile.File{}, err
	}
	read, err := planfile.Read(content, parsePlanLimit)
	if err == nil {
		return read, nil
	}
	var faults []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	} else {
		faults = []error{err}
	}
	for i, fault := range faults {
		where := visible(file)
		if file == "-" {
			where = "standard input"
		}
		if placed, ok := errors.AsType[*planfile.Fault](fault); ok && placed.Line > 0 {
			where = fmt.Sprintf("%s:%d:%d", where, placed.Line, placed.Column)
			fault = errors.New(placed.Reason)
		}
		faults[i] = &config.Error{Where: where, Reason: fault.Error()}
	}
	return planfile.File{}, errors.Join(faults...)
}

// readInput reads a small file, or the standard input.
func (a *app) readInput(file string) ([]byte, error) {
	if file != "-" {
		content, err := inputfile.Read(file, maxPlanFile)
		if err != nil {
			return nil, unreadable(file, err)
		}
		return content, nil
	}
	content, err := io.ReadAll(io.LimitReader(a.stdin, maxPlanFile+1))
	if err == nil && len(content) > maxPlanFile {
		err = fmt.Errorf("the standard input is larger than %d KiB", maxPlanFile>>10)
	}
	return content, err
}
