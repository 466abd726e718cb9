package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) keysPickupLinkCommand() *cobra.Command {
	var pickup admin.NewPickup
	var until string
	cmd := &cobra.Command{
		Use: "pickup-link KEY", Short: "Make a link with which somebody picks up a secret of a key, once", Args: oneKey,
		Long: `Makes a link with which somebody picks up a further secret of a key. Whoever uses it first
gets the secret, which is made only then, so you never see it. The link is printed alone on
the standard output: with portal_url it is one for a browser, else it is a code. If an
answer with a secret was lost, revoke that secret, and make another link.`,
		Example: `  ration keys pickup-link key_… --label laptop
  ration keys pickup-link key_… --pickup-until 2d`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if pickup.ExpiresAt, err = parseInstant("--pickup-until", until); err != nil {
				return err
			}
			settings, err := a.settings()
			if err != nil {
				return err
			}
			return a.on(cmd.Context(), settings, mustExist, func(ops admin.Operations) error {
				if pickup.ID, err = keyID(cmd.Context(), ops, args[0]); err != nil {
					return err
				}
				issued, err := ops.CreatePickup(cmd.Context(), actor(), pickup)
				if err != nil {
					return err
				}
				return a.showPickup(settings, &issued, wire.Pickup(issued))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&pickup.Label, "label", "", `label of the secret (default "`+admin.DefaultSecretLabel+`")`)
	flags.StringVar(&until, "pickup-until", "", untilUsage)
	return cmd
}

// untilUsage describes the flag that ends a link.
const untilUsage = "until when the link is valid: 2d, 2030-01-31 (from midnight UTC) or 2030-01-31T12:00:00Z (default: 7d)"

// showPickup prints a link that was just made: alone, as a secret is.
func (a *app) showPickup(settings config.Config, pickup *admin.IssuedPickup, value any) error {
	if a.format != formatTable {
		shown := wire.Pickup(*pickup)
		return a.show(listing{
			value: value, columns: []column{{name: "key_id"}, {name: "label"}, {name: "code"}, {name: "url"}, {name: "expires_at"}},
			rows: [][]string{{shown.Key, shown.Label, shown.Code, shown.URL, instantText(&shown.ExpiresAt)}},
		})
	}
	until := pickup.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC")
	if url := pickup.URL(); url != "" {
		a.say("Whoever opens this link first gets the secret of key %s, until %s. It is not shown again:", pickup.KeyID, until)
		return a.showText(url)
	}
	a.say("Whoever uses this code first gets the secret of key %s, until %s. It is not shown again:", pickup.KeyID, until)
	if err := a.showSecret(pickup.Code); err != nil {
		return err
	}
	path := settings.KeyRequests.Path
	if asksServer(settings) {
		path = cmp.Or(path, "/v1/key-requests") // what the server has, nobody here knows
	}
	if path == "" {
		a.say("\nNobody can use it while key_requests_path is off.")
		return nil
	}
	a.say("\nIt is used with POST %s/pickup on the proxy or the verify API, with the body {\"code\": \"…\"}.", path)
	return nil
}
