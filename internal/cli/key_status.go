package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (a *app) keysDisableCommand() *cobra.Command {
	return a.keyStatusCommand("disable", "Bar a key until it is enabled again", admin.Operations.DisableKey)
}

func (a *app) keysEnableCommand() *cobra.Command {
	return a.keyStatusCommand("enable", "Let a disabled key be used again", admin.Operations.EnableKey)
}

func (a *app) keysRevokeCommand() *cobra.Command {
	cmd := a.keyStatusCommand("revoke", "End a key for ever", admin.Operations.RevokeKey)
	a.confirm(cmd, "Revoking %s is final.")
	return cmd
}

// statusChange is one of the operations that change a key's status.
type statusChange func(ops admin.Operations, ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error)

func (a *app) keyStatusCommand(verb, short string, change statusChange) *cobra.Command {
	return &cobra.Command{
		Use: verb + " KEY", Short: short, Args: oneKey,
		RunE: func(cmd *cobra.Command, args []string) error {
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
}
