package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) keysCommand() *cobra.Command {
	return a.group("keys", "Create, show and change keys",
		a.keysCreateCommand(), a.keysListCommand(), a.keysShowCommand(), a.keysUpdateCommand(), a.keysRotateCommand(),
		a.keysSecretCommand(), a.keysImportCommand(),
		a.keysApproveCommand(), a.keysRejectCommand(), a.keysPickupLinkCommand(),
		a.keysResetCommand(), a.keysDisableCommand(), a.keysEnableCommand(), a.keysRevokeCommand(),
	)
}

func keyListing(value any, keys ...api.KeyRecord) listing {
	return listingOf(sheet.Keys, value, keys, "no keys; create one with 'ration keys create NAME'")
}

// showKey prints a key that was changed.
func (a *app) showKey(record admin.KeyRecord) error {
	a.sayNoLimit(record)
	key := wire.Key(record, time.Now())
	return a.show(keyListing(key, key))
}

// showIssued prints a secret that was just made: alone, so that a script can
// take it, with the rest of what there is to know beside it.
func (a *app) showIssued(issued admin.IssuedSecret, done string) error {
	a.sayNoLimit(issued.Key)
	shown := wire.IssuedSecret(issued)
	if a.format == formatTable {
		a.say("%s key %s (%s). This is its secret; it is not shown again:", done, shown.Key.ID, visible(shown.Key.Name))
		return a.showSecret(issued.Secret)
	}
	return a.show(listing{
		value: shown, columns: []column{{name: "key_id"}, {name: "secret_id"}, {name: "secret"}},
		rows: [][]string{{shown.Key.ID, shown.SecretID, shown.Secret}},
	})
}

func oneKey(cmd *cobra.Command, args []string) error {
	return oneArgument("the id of a key")(cmd, args)
}
