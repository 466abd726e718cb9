package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) keysUpdateCommand() *cobra.Command {
	var flags keyFlags
	var selection keySelection
	var name string
	var clear keyClearing
	var start startFlag
	cmd := &cobra.Command{
		Use: "update KEY", Short: "Change a key, or many keys; only what you name changes",
		Long: `Changes a key in one transaction. Only what a flag names changes. An empty value
clears: --plan "" leaves the key without a plan, --expires "" without an end,
--scope "" without scopes. Decisions that start afterwards use the change.

A --limit with --until is temporary. While it runs, it replaces the lasting limit of
the key's own, or else the plan's, which applies again when it ends. A later temporary
limit replaces it. A --limit without --until is the lasting one: while a temporary
limit runs, it waits.

` + nextPeriodHelp + `

` + nextPlanHelp + `

With --select or --all, the command changes many keys. It counts them, asks, and
changes them in chunks of at most 500, so that requests go on in between. If an error
stops it, run it again: finished chunks stay changed, and are not changed twice.`,
		Example: `  ration keys update key_… --plan pro
  ration keys update key_… --limit 5000/day --until 2030-12-01
  ration keys update key_… --clear-temporary day
  ration keys update key_… --clear-limit day
  ration keys update key_… --limit 500/day --from next-period
  ration keys update key_… --plan pro --from next-period
  ration keys update --select plan=free --select owner=acme --plan pro
  ration keys update --select unlimited=unmarked --plan free`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !changesAny(cmd, append(slices.Clone(selectionFlags), "from")...) {
				return usagef("nothing to change: give at least one flag; see '%s --help'", cmd.CommandPath())
			}
			patch, err := flags.patch(cmd)
			if err != nil {
				return err
			}
			if err := clear.into(&patch); err != nil {
				return err
			}
			patch.FromNextPeriod = start.nextPeriod
			if cmd.Flags().Changed("name") {
				patch.Name = &name
			}
			if selection.many() {
				return a.changeKeys(cmd.Context(), &selection, admin.KeysChange{Action: admin.ActionUpdate, Patch: patch})
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				if patch.ID, err = keyID(cmd.Context(), ops, args[0]); err != nil {
					return err
				}
				record, err := ops.UpdateKey(cmd.Context(), actor(), patch)
				if err != nil {
					return explainPlan(cmd.Context(), ops, flags.plan, err)
				}
				a.sayCovered(record, patch.SetOverrides)
				return a.showUpdatedKey(record)
			})
		},
	}
	flags.register(cmd)
	selection.register(cmd, asksForMany)
	cmd.Flags().StringVar(&name, "name", "", "its name, for display")
	clear.register(cmd)
	start.register(cmd)
	return cmd
}

// keyClearing names limits of a key's own to take away.
type keyClearing struct{ both, temporary, lasting []string }

func (c *keyClearing) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&c.both, "clear-limit", nil, `remove a limit of the key's own, also a temporary one, so that the plan's applies: "day", "tokens/month"; repeat for several`)
	flags.StringArrayVar(&c.temporary, "clear-temporary", nil, `end a temporary limit now, so that the key's lasting one applies, or else the plan's: "day", "tokens/month"; repeat for several`)
	flags.StringArrayVar(&c.lasting, "clear-lasting", nil, `remove a lasting limit of the key's own, but keep a temporary one: "day", "tokens/month"; repeat for several`)
}

func (c *keyClearing) into(patch *admin.KeyPatch) (err error) {
	if patch.ClearOverrides, err = parseAll(c.both, admin.ParseLimitKey); err != nil {
		return err
	}
	if patch.ClearTemporary, err = parseAll(c.temporary, admin.ParseLimitKey); err != nil {
		return err
	}
	patch.ClearLasting, err = parseAll(c.lasting, admin.ParseLimitKey)
	return err
}

// sayCovered says of lasting limits that were set that they don't hold yet, since a
// temporary one is above them.
func (a *app) sayCovered(key admin.KeyRecord, set []ration.Override) {
	for i := range set {
		above, found := ration.OverrideAt(key.Overrides, set[i].Key(), time.Now())
		if found && above.Temporary() && !set[i].Temporary() {
			end := instantText(&above.ExpiresAt)
			a.say("Until %s the temporary limit on %s applies; --clear-temporary %s ends it now.", end, admin.FormatLimitKey(set[i].Key()), admin.FormatLimitKey(set[i].Key()))
		}
	}
}

// showUpdatedKey prints a key and below it the limits of its own, with their ends.
func (a *app) showUpdatedKey(record admin.KeyRecord) error {
	a.sayNoLimit(record)
	now := time.Now()
	key := wire.Key(record, now)
	if err := a.show(keyListing(key, key)); err != nil || a.format != formatTable || a.quiet || len(key.Overrides) == 0 {
		return err
	}
	fmt.Fprintln(a.stdout)
	return showTable(a.stdout, overrideListing(api.KeyStatus{KeyRecord: key, At: now}))
}

// patch holds what the flags that were given name.
func (f *keyFlags) patch(cmd *cobra.Command) (patch admin.KeyPatch, err error) {
	changed := cmd.Flags().Changed
	for flag, field := range map[string]struct {
		target **string
		value  *string
	}{
		"owner": {&patch.Owner, &f.owner}, "plan": {&patch.Plan, &f.plan}, "time-zone": {&patch.TimeZone, &f.timeZone},
	} {
		if changed(flag) {
			*field.target = field.value
		}
	}
	if changed("expires") {
		var end time.Time
		if end, err = parseInstant("--expires", f.expires); err != nil {
			return patch, err
		}
		patch.ExpiresAt = &end
	}
	if changed("unlimited") {
		patch.Unlimited = &f.unlimited
	}
	if changed("scope") {
		if patch.Scopes, err = parseScopes(f.scopes); err != nil {
			return patch, err
		}
	}
	if changed("allow-ip") {
		if patch.AllowedIPs, err = parseAll(splitCommas(f.allowedIPs), admin.ParseIPPrefix); err != nil {
			return patch, err
		}
	}
	if patch.Metadata, err = parseMetadata(f.metadata); err != nil {
		return patch, err
	}
	patch.SetOverrides, err = parseOverrides(f.limits, f.until)
	return patch, err
}
