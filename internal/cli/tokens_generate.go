package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
)

func (a *app) tokensGenerateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "generate", Short: "Print a token for bootstrap_token_file, without a database", Args: noArguments,
		Long: `Prints a random service token and does nothing else: no database knows it yet. Put
it in a file that only the server's user can read (umask 077), and name that with
bootstrap_token_file. The server makes it the first token of scope admin:
'ration serve --bootstrap-token-file bootstrap-token'.`,
		Example: `  ration tokens generate > bootstrap-token`,
		RunE: func(*cobra.Command, []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			secret := admin.NewTokenSecret(settings.SecretPrefix)
			if a.format == formatTable {
				return a.showSecret(secret)
			}
			return a.show(listing{
				value:   map[string]string{"secret": secret.Reveal()},
				columns: []column{{name: "secret"}}, rows: [][]string{{secret.Reveal()}},
			})
		},
	}
}
