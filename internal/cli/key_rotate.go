package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
)

func (a *app) keysRotateCommand() *cobra.Command {
	var label string
	var overlap days
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Replace a secret of a key and print the new one once",
		Long: `Creates a new secret and ends the old ones with the same label after the overlap.
The key keeps its id, its limits and its history. After a leak, use --overlap 0:
then the old secrets are revoked at once.`,
		Example: `  ration keys rotate key_… --overlap 24h
  ration keys rotate key_… --label mobile --overlap 0`,
		Args: oneKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("overlap") {
				return usagef("say how long the old secret still holds: --overlap 24h, or --overlap 0 after a leak")
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				id, err := keyID(cmd.Context(), ops, args[0])
				if err != nil {
					return err
				}
				issued, err := ops.RotateKey(cmd.Context(), actor(), admin.Rotation{ID: id, Label: label, Overlap: time.Duration(overlap)})
				if err != nil {
					return err
				}
				return a.showIssued(issued, "Rotated a secret of")
			})
		},
	}
	cmd.Flags().StringVar(&label, "label", "", "label of the secret to replace (default: the key's only one)")
	cmd.Flags().Var(&overlap, "overlap", "how long the old secret stays valid, such as 24h or 7d; 0 after a leak (required)")
	return cmd
}
