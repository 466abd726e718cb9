package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminwire"
)

func (a *app) keysUpdateCommand() *cobra.Command {
	var flags keyFlags
	var selection keySelection
	var name string
	var clear []string
	cmd := &cobra.Command{
		Use: "update KEY", Short: "Change a key, or many: what is not named stays",
		Long: `Changes a key in one transaction. What no flag names stays as it is; an empty
value clears: --plan "" leaves the key without a plan, --expires "" without an
end, --scope "" without scopes. Decisions that start afterwards see the change.

With --select or --all it changes many keys: it counts them, asks and then changes
them in chunks of at most 500, so that requests go on in between. What is so
already stays as it is. Run it again after an error: what is done stays done.`,
		Example: `  ration keys update key_… --plan pro
  ration keys update key_… --limit 5000/day --until 2030-12-01
  ration keys update key_… --clear-limit day
  ration keys update --select plan=free --select owner=acme --plan pro`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !changesAny(cmd, selectionFlags...) {
				return usagef("nothing to change: give at least one flag; see '%s --help'", cmd.CommandPath())
			}
			patch, err := flags.patch(cmd)
			if err != nil {
				return err
			}
			if patch.ClearOverrides, err = parseAll(clear, admin.ParseLimitKey); err != nil {
				return err
			}
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
					return err
				}
				return a.showUpdatedKey(record)
			})
		},
	}
	flags.register(cmd)
	selection.register(cmd, asksForMany)
	cmd.Flags().StringVar(&name, "name", "", "its name, for people")
	cmd.Flags().StringArrayVar(&clear, "clear-limit", nil, `takes a limit of its own away, so that the plan's holds: "day", "tokens/month"; repeat for several`)
	return cmd
}

// showUpdatedKey prints a key and below it the limits of its own, with their ends.
func (a *app) showUpdatedKey(record admin.KeyRecord) error {
	now := time.Now()
	key := adminwire.Key(record, now)
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
	if changed("scope") {
		if patch.Scopes, err = parseScopes(f.scopes); err != nil {
			return patch, err
		}
	}
	if changed("allow-ip") {
		if patch.AllowedIPs, err = parseAll(f.allowedIPs, admin.ParseIPPrefix); err != nil {
			return patch, err
		}
	}
	if patch.Metadata, err = parseMetadata(f.metadata); err != nil {
		return patch, err
	}
	patch.SetOverrides, err = parseOverrides(f.limits, f.until)
	return patch, err
}
