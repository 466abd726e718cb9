package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (a *app) keysApproveCommand() *cobra.Command {
	var approval admin.KeyApproval
	var owner string
	cmd := &cobra.Command{
		Use: "approve KEY", Short: "Approve a request for a key", Args: oneKey,
		Long: `Approves a request for a key, as 'ration requests list' shows it. The key gets the plan,
and belongs to the e-mail address of the request unless you say otherwise; nobody has
checked whose that is. The asker picks the secret up with the code from asking, within 30
days. If somebody else has decided already, the command says who, and changes nothing.`,
		Example: `  ration keys approve key_… --plan free
  ration keys approve key_… --plan free --owner acme`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("owner") {
				approval.Owner = &owner
			}
			return a.decideKey(cmd.Context(), args[0], func(ctx context.Context, ops admin.Operations, id ration.KeyID) (admin.KeyRecord, error) {
				approval.ID = id
				record, err := ops.ApproveKey(ctx, actor(), approval)
				if err != nil {
					err = explainPlan(ctx, ops, approval.Plan, err)
				}
				return record, err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&approval.Plan, "plan", "", "name of the key's plan (needed unless --unlimited)")
	flags.StringVar(&owner, "owner", "", "whose key it is: any text of yours (default: the e-mail address of the request)")
	flags.BoolVar(&approval.Unlimited, "unlimited", false, "mark that the key is meant to have no limit")
	return cmd
}

func (a *app) keysRejectCommand() *cobra.Command {
	var rejection admin.KeyRejection
	cmd := &cobra.Command{
		Use: "reject KEY", Short: "Reject a request for a key", Args: oneKey,
		Long: `Rejects a request for a key, for good. The asker reads the reason. The request and its key
are deleted 30 days later. If somebody else has decided already, the command says who, and
changes nothing.`,
		Example: `  ration keys reject key_… --reason "write from your company's address, please"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideKey(cmd.Context(), args[0], func(ctx context.Context, ops admin.Operations, id ration.KeyID) (admin.KeyRecord, error) {
				rejection.ID = id
				return ops.RejectKey(ctx, actor(), rejection)
			})
		},
	}
	cmd.Flags().StringVar(&rejection.Reason, "reason", "", "why: the asker reads it (needed)")
	return cmd
}

// decideKey decides about a key that was asked for, and shows the key.
func (a *app) decideKey(ctx context.Context, text string, decide func(context.Context, admin.Operations, ration.KeyID) (admin.KeyRecord, error)) error {
	return a.with(ctx, mustExist, func(ops admin.Operations) error {
		id, err := keyID(ctx, ops, text)
		if err != nil {
			return err
		}
		record, err := decide(ctx, ops, id)
		if err != nil {
			return err
		}
		return a.showKey(record)
	})
}
