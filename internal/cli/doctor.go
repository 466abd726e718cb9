package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// problemsError says that a check has found something wrong.
type problemsError struct{ count int }

// Error implements error.
func (e *problemsError) Error() string {
	if e.count == 1 {
		return "1 check has found a problem"
	}
	return fmt.Sprintf("%d checks have found problems", e.count)
}

func (a *app) doctorCommand() *cobra.Command {
	var options admin.DiagnoseOptions
	var repair, yes, trustClock bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check the database and the settings, and say what to fix",
		Long: `Checks the database (schema, clock, durability, usage from the future, keys without
a limit), the connection to it (TLS, poolers, connections that are left), who can
use its files, and settings that give something up. It says what is wrong and what
to do. If a check has found a problem, the exit code is 7; a warning doesn't change
the exit code.

It checks the settings that it gets itself, from --config, the environment or the
flags of 'ration serve'. Give it the same ones as the server. With --server, that
server checks its database; its settings and files can only be checked on its machine.

If a clock was far ahead, it leaves periods that have not begun yet, and keys that
have used them up wait until those end. --repair moves that usage to the current
periods, and writes each repair to the audit log. The clock must be right: if it is
behind, a repair would take back correct counts. So --repair refuses while the newest
change is later than the clock. If the clock is right now, and was ahead when that
change was made, say so with --trust-clock.`,
		Example: `  ration doctor
  ration doctor --config /etc/ration/ration.yaml
  ration doctor --repair`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			a.patient = options.Deep
			return a.on(cmd.Context(), settings, mustExist, func(ops admin.Operations) error {
				findings, err := ops.Diagnose(cmd.Context(), options)
				if err == nil && repair {
					findings, err = a.repairUsage(cmd.Context(), ops, findings, options, yes, trustClock)
				}
				if err != nil {
					return err
				}
				if !asksServer(settings) { // what is set here is not what that server was told
					findings = append(findings, settingsFindings(settings)...)
				}
				return a.showFindings(wire.Findings(findings))
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&options.Deep, "deep", false, "read the whole database, which may take minutes")
	flags.BoolVar(&repair, "repair", false, "correct what a clock that was ahead has left on keys")
	flags.BoolVar(&trustClock, "trust-clock", false, "repair even though the clock is behind the newest change")
	asks(cmd, &yes, "--repair asks first.")
	a.addSettingFlags(cmd)
	return cmd
}

// repairUsage repairs if there is something to repair, and looks again.
func (a *app) repairUsage(ctx context.Context, ops admin.Operations, findings []admin.Finding, options admin.DiagnoseOptions, yes, trustClock bool) ([]admin.Finding, error) {
	usage, audit := finding(findings, admin.CheckUsage), finding(findings, admin.CheckAudit)
	switch {
	case usage.State == admin.FindingOK:
		a.say("There is nothing to repair.")
		return findings, nil
	case audit.State != admin.FindingOK && !trustClock:
		return nil, usagef("%s: nothing was repaired, because a clock that is behind would give quotas a second time; set the clock, or use --trust-clock if it is right", audit.Detail)
	case !yes:
		if err := a.ask(usage.Detail + ". Repair only if this time is right."); err != nil {
			return nil, err
		}
	}
	repaired := 0
	for after, first := (ration.KeyID{}), true; first || !after.IsZero(); first = false {
		done, err := ops.RepairUsage(ctx, actor(), after)
		repaired += done.Repaired
		for _, key := range done.Skipped {
			a.say("Skipped %s: %s.", key.ID, visible(key.Reason))
		}
		if err != nil {
			return nil, fmt.Errorf("after %d keys were repaired: %w", repaired, err)
		}
		after = done.Next
	}
	a.say("Repaired keys: %d.", repaired)
	return ops.Diagnose(ctx, options)
}

// finding returns what a check has found, which every diagnosis makes.
func finding(findings []admin.Finding, check string) admin.Finding {
	return findings[slices.IndexFunc(findings, func(f admin.Finding) bool { return f.Check == check })]
}

func (a *app) showFindings(findings []api.Finding) error {
	list := listing{value: findings, columns: []column{{name: "check"}, {name: "state"}, {name: "detail"}, {name: "advice", wide: true}}}
	problems := 0
	for _, finding := range findings {
		list.rows = append(list.rows, []string{finding.Check, finding.State, finding.Detail, finding.Advice})
		if finding.State == string(admin.FindingProblem) {
			problems++
		}
	}
	err := a.show(list)
	if a.format == formatTable && !a.quiet {
		for _, finding := range findings {
			if finding.Advice != "" {
				fmt.Fprintf(a.stdout, "%s: %s\n", finding.Check, visible(finding.Advice))
			}
		}
	}
	if err != nil || problems == 0 {
		return err
	}
	return &problemsError{problems}
}
