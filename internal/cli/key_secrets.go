package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (a *app) keysSecretCommand() *cobra.Command {
	return a.group("secret", "Add or revoke one of several secrets of a key",
		a.keysSecretAddCommand(), a.keysSecretRevokeCommand(),
	)
}

func (a *app) keysSecretAddCommand() *cobra.Command {
	var label, expires string
	cmd := &cobra.Command{
		Use: "add KEY", Short: "Give a key another secret and print it once",
		Long: `Gives a key another secret, for another device or service of the same account.
All secrets of a key share its limits and its usage.`,
		Example: `  ration keys secret add key_… --label phone`,
		Args:    oneKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			end, err := parseInstant("--expires", expires)
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				id, err := keyID(cmd.Context(), ops, args[0])
				if err != nil {
					return err
				}
				issued, err := ops.AddSecret(cmd.Context(), actor(), admin.NewKeySecret{ID: id, Label: label, ExpiresAt: end})
				if err != nil {
					return err
				}
				return a.showIssued(issued, "Added a secret to")
			})
		},
	}
	cmd.Flags().StringVar(&label, "label", "", "label that distinguishes it from the key's other secrets (required)")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends: 2030-01-31 (from midnight UTC) or 2030-01-31T12:00:00Z (default: never)")
	return cmd
}

func (a *app) keysSecretRevokeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke KEY SECRET", Short: "Revoke one secret of a key for ever", Args: keyAndSecret,
		RunE: func(cmd *cobra.Command, args []string) error {
			secretID, err := ration.ParseSecretID(args[1])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				id, err := keyID(cmd.Context(), ops, args[0])
				if err != nil {
					return err
				}
				record, err := ops.RevokeSecret(cmd.Context(), actor(), admin.KeySecret{ID: id, SecretID: secretID})
				if err != nil {
					return err
				}
				return a.showKey(record)
			})
		},
	}
	a.confirm(cmd, "Revoking a secret of %s is final.")
	return cmd
}

func keyAndSecret(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usagef("'%s' takes two arguments, the id of a key and the id of its secret, as 'ration keys show' has them; %d were given", cmd.CommandPath(), len(args))
	}
	return nil
}
