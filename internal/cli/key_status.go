package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (a *app) keysDisableCommand() *cobra.Command {
	return a.keyStatusCommand(admin.ActionDisable, "Disable a key, or many keys, until they are enabled again", admin.Operations.DisableKey)
}

func (a *app) keysEnableCommand() *cobra.Command {
	return a.keyStatusCommand(admin.ActionEnable, "Enable a disabled key, or many keys, again", admin.Operations.EnableKey)
}

func (a *app) keysRevokeCommand() *cobra.Command {
	return a.keyStatusCommand(admin.ActionRevoke, "Revoke a key, or many keys, for ever", admin.Operations.RevokeKey)
}

// statusChange is one of the operations that change a key's status.
type statusChange func(ops admin.Operations, ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error)

func (a *app) keyStatusCommand(action admin.KeyAction, short string, change statusChange) *cobra.Command {
	var selection keySelection
	var yes string
	if action == admin.ActionRevoke { // it asks even about one
		yes = " --yes"
	}
	cmd := &cobra.Command{
		Use: string(action) + " KEY", Short: short,
		Long: short + `.

With --select or --all, the command counts the keys, asks, and changes them in chunks
of at most 500, so that requests go on in between. Decisions that start afterwards use
the change. Keys whose status doesn't allow it, such as revoked ones, are skipped and
counted. If an error stops the command, run it again: finished chunks stay changed.`,
		Example: fmt.Sprintf("  ration keys %[1]s key_…%[2]s\n  ration keys %[1]s --select owner=alice --yes", action, yes),
		RunE: func(cmd *cobra.Command, args []string) error {
			if selection.many() {
				return a.changeKeys(cmd.Context(), &selection, admin.KeysChange{Action: action})
			}
			if action == admin.ActionRevoke {
				err := a.confirm(cmd.Context(), selection.yes, func(ops admin.Operations) (string, error) {
					return revokingKey(cmd.Context(), ops, args[0])
				})
				if err != nil {
					return err
				}
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				id, err := keyID(cmd.Context(), ops, args[0])
				if err != nil {
					return err
				}
				record, err := change(ops, cmd.Context(), actor(), id)
				if err != nil {
					return err
				}
				return a.showKey(record)
			})
		},
	}
	when := asksForMany
	if action == admin.ActionRevoke {
		when = "It asks first: a revoked key never works again."
	}
	selection.register(cmd, when)
	return cmd
}

// revokingKey is the warning before a key is revoked.
func revokingKey(ctx context.Context, ops admin.Operations, text string) (string, error) {
	id, err := keyID(ctx, ops, text)
	if err != nil {
		return "", err
	}
	status, err := ops.ShowKey(ctx, id)
	if err != nil {
		return "", err
	}
	if status.Status == ration.StatusRevoked {
		return "", nil
	}
	return fmt.Sprintf("Revoking %s (%s) is final.", id, visible(status.Name)), nil
}
