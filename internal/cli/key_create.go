package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// keyFlags are the flags that creating and updating a key share.
type keyFlags struct {
	owner, plan, expires, timeZone, until string
	scopes, allowedIPs, metadata, limits  []string
	unlimited                             bool
}

func (f *keyFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.owner, "owner", "", "whose key it is: any text of yours")
	flags.StringVar(&f.plan, "plan", "", "name of the key's plan")
	flags.StringVar(&f.expires, "expires", "", "when it ends: 30d, 2030-01-31 (from midnight UTC) or 2030-01-31T12:00:00Z")
	flags.StringArrayVar(&f.scopes, "scope", nil, "scope: what the key may do; several with commas, or repeat")
	flags.StringArrayVar(&f.allowedIPs, "allow-ip", nil, "address or CIDR range that the key may be used from; several with commas, or repeat")
	flags.StringVar(&f.timeZone, "time-zone", "", "IANA time zone of the key's days, such as Europe/Berlin (default: the plan's, or else UTC)")
	flags.StringArrayVar(&f.metadata, "metadata", nil, "name=value of your own; repeat for several")
	flags.StringArrayVar(&f.limits, "limit", nil, `limit of the key's own, in place of the plan's: "5000/day", "200000 tokens/month", "10/second burst 20", "unlimited/day"; repeat for several`)
	flags.StringVar(&f.until, "until", "", "when the --limit given here ends: 7d, 2030-01-31 (from midnight UTC) or 2030-01-31T12:00:00Z (default: never)")
	flags.BoolVar(&f.unlimited, "unlimited", false, "mark that the key is meant to have no limit; without the mark, the command reports it")
}

func (a *app) keysCreateCommand() *cobra.Command {
	var flags keyFlags
	var label, until string
	var pickup bool
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a key and print its secret once",
		Example: `  ration keys create "Alice's laptop" --owner alice --plan free
  ration keys create batch --limit 10000/day --limit "10/second burst 20" -o json
  ration keys create "for Alice" --plan free --pickup`,
		Long: `Creates a key and prints its secret once, alone on the standard output. A curl line
that uses the key follows on the standard error; it repeats the secret only if both
go to the same place, such as a terminal, so that no log gets it.

With --pickup it prints a link in place of the secret: whoever uses it first gets the
secret, which is made only then, so you never see it.`,
		Args: oneArgument("the name of the key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := flags.newKey(args[0], label)
			if err != nil {
				return err
			}
			if key.PickupUntil, err = parseInstant("--pickup-until", until); err != nil {
				return err
			}
			if key.Pickup = pickup; until != "" && !pickup {
				return usagef("--pickup-until is for --pickup")
			}
			settings, err := a.settings()
			if err != nil {
				return err
			}
			return a.on(cmd.Context(), settings, mayCreate, func(ops admin.Operations) error {
				issued, err := ops.CreateKey(cmd.Context(), actor(), key)
				if err != nil {
					return explainPlan(cmd.Context(), ops, key.Plan, err)
				}
				if issued.Pickup != nil {
					a.sayNoLimit(issued.Key)
					return a.showPickup(settings, issued.Pickup, wire.IssuedSecret(issued))
				}
				if err := a.showIssued(issued, "Created"); err != nil {
					return err
				}
				a.sayCall(settings, issued.Secret)
				return nil
			})
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&pickup, "pickup", false, "print a link with which somebody picks up the secret, once, in place of the secret")
	cmd.Flags().StringVar(&until, "pickup-until", "", untilUsage)
	cmd.Flags().StringVar(&label, "label", "", `label of its secret (default "`+admin.DefaultSecretLabel+`")`)
	return cmd
}

func (f *keyFlags) newKey(name, label string) (key admin.NewKey, err error) {
	key = admin.NewKey{Name: name, Owner: f.owner, Plan: f.plan, TimeZone: f.timeZone, Label: label, Unlimited: f.unlimited}
	if key.ExpiresAt, err = parseInstant("--expires", f.expires); err != nil {
		return key, err
	}
	if key.Scopes, err = parseScopes(f.scopes); err != nil {
		return key, err
	}
	if key.AllowedIPs, err = parseAll(splitCommas(f.allowedIPs), admin.ParseIPPrefix); err != nil {
		return key, err
	}
	entries, err := parseMetadata(f.metadata)
	if err != nil {
		return key, err
	}
	key.Metadata = make(map[string]string, len(entries))
	for name, value := range entries {
		if value != nil {
			key.Metadata[name] = *value
		}
	}
	key.Overrides, err = parseOverrides(f.limits, f.until)
	return key, err
}
