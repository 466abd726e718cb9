package cli

import (
	"context"
	"fmt"

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
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends: 30d, 2030-01-31 (from midnight UTC) or 2030-01-31T12:00:00Z (default: never)")
	return cmd
}

func (a *app) keysSecretRevokeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke KEY SECRET", Short: "Revoke one secret of a key for ever", Args: keyAndSecret,
		Example: `  ration keys secret revoke key_… sec_… --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			secretID, err := ration.ParseSecretID(args[1])
			if err != nil {
				return err
			}
			err = a.confirm(cmd.Context(), yes, func(ops admin.Operations) (string, error) {
				return revokingSecret(cmd.Context(), ops, args[0], secretID)
			})
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
	asks(cmd, &yes, "It asks first.")
	return cmd
}

// revokingSecret is the warning before a secret of a key is revoked.
func revokingSecret(ctx context.Context, ops admin.Operations, key string, id ration.SecretID) (string, error) {
	keyID, err := keyID(ctx, ops, key)
	if err != nil {
		return "", err
	}
	status, err := ops.ShowKey(ctx, keyID)
	if err != nil {
		return "", err
	}
	for _, secret := range status.Secrets {
		if secret.ID == id {
			return fmt.Sprintf("Revoking the secret %s…%s (%s) of key %s (%s) is final.",
				secret.Start, secret.End, visible(secret.Label), keyID, visible(status.Name)), nil
		}
	}
	return "", fmt.Errorf("secret %s of key %s: %w; 'ration keys show %s' shows its secrets", id, keyID, ration.ErrNotFound, keyID)
}

func keyAndSecret(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usagef("'%s' takes two arguments, the id of a key and the id of its secret, as 'ration keys show' has them; %d were given", cmd.CommandPath(), len(args))
	}
	return nil
}
