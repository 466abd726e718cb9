package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) keysResetCommand() *cobra.Command {
	var reset admin.KeyReset
	var yes bool
	cmd := &cobra.Command{
		Use: "reset KEY", Short: "Begin the current periods of a key's limits anew", Args: oneKey,
		Long: `Lets limits of a key count from 0 again: the current period of a quota, which ends
when it would have ended, a lifetime's credit, and a rate, whose bucket is full again.
By default these are all limits that apply now.

The history, the totals and 'ration usage' stay as they are: they say what happened.
What was charged before the reset, and is settled, voided or refunded after it, doesn't
change the new count. The audit log keeps what was used, and the reason.`,
		Example: `  ration keys reset key_… --reason "our outage on Monday"
  ration keys reset key_… --limit requests-day --limit tokens/month --reason "ticket 4711" --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if reset.Reason == "" {
				return usagef("say why with --reason: the audit log keeps it")
			}
			err := a.confirm(cmd.Context(), yes || reset.DryRun, func(ops admin.Operations) (string, error) {
				return resettingKey(cmd.Context(), ops, reset, args[0])
			})
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				if reset.ID, err = keyID(cmd.Context(), ops, args[0]); err != nil {
					return err
				}
				done, err := ops.ResetKey(cmd.Context(), actor(), reset)
				if err != nil {
					return err
				}
				if reset.DryRun {
					a.say("Nothing was changed: this was a dry run.")
				}
				return a.show(resetListing(wire.KeyReset(done, reset.DryRun)))
			})
		},
	}
	asks(cmd, &yes, "It asks first: a reset can't be taken back.")
	flags := cmd.Flags()
	flags.StringVar(&reset.Meter, "meter", "", "only limits on this meter")
	flags.StringArrayVar(&reset.Limits, "limit", nil, `only this limit, by its name or as "day", "tokens/month"; repeat for several`)
	flags.StringVar(&reset.Reason, "reason", "", "why, for the audit log (required)")
	flags.BoolVar(&reset.DryRun, "dry-run", false, "only show what would be reset")
	return cmd
}

// resettingKey is the warning before limits are reset.
func resettingKey(ctx context.Context, ops admin.Operations, reset admin.KeyReset, text string) (string, error) {
	var err error
	if reset.ID, err = keyID(ctx, ops, text); err != nil {
		return "", err
	}
	reset.DryRun = true
	would, err := ops.ResetKey(ctx, actor(), reset)
	if err != nil {
		return "", err
	}
	limits := make([]string, len(would.Limits))
	for i, limit := range would.Limits {
		limits[i] = fmt.Sprintf("%s (%s of %s used)", limit.Now.Name, limit.Now.Unit.Text(limit.Used), limit.Now.Unit.Text(limit.Now.Size()))
	}
	return fmt.Sprintf("Key %s can use these limits again from 0, which can't be taken back: %s.", reset.ID, strings.Join(limits, ", ")), nil
}

func resetListing(reset api.KeyReset) listing {
	list := listing{value: reset, columns: []column{
		{name: "limit"},
		{name: "meter"},
		{name: "allows"},
		{name: "used_before"},
		{name: "reserved_before"},
		{name: "used"},
		{name: "remaining"},
		{name: "resets_at"},
	}}
	for _, l := range reset.Limits {
		list.rows = append(list.rows, []string{
			l.Name, l.Meter, limitText(l.PlanLimit), string(l.UsedBefore), string(l.ReservedBefore), string(l.Used), string(l.Remaining), instantText(l.ResetsAt),
		})
	}
	return list
}
