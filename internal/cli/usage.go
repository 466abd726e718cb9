package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) usageCommand() *cobra.Command {
	var filter admin.UsageFilter
	var key, from, since, to, zone string
	var groups []string
	cmd := &cobra.Command{
		Use: "usage", Short: "Show what was used, by day, key and meter, or added up",
		Long: `Shows what every key has used on every meter, day by day. A key's days are those of
its own time zone, so a list of several keys may mix time zones.

--group-by adds it up by key, owner, plan, day or month, or several of them: "key,day".
A plan is the one that a key has now. Meters are never added to each other. The totals
have everything that was selected, usage of revoked keys too. In a terminal, bars
compare the rows of each meter.

--zone shows all keys in the days and months of one time zone, added up from the UTC
hours in which usage is recorded: by day and key, unless --group-by says otherwise. Then
--group-by hour works too, and --from and --to are dates in that zone. Hours are kept
for a time ("usage_hours_days" in the configuration); days from before then, or from
before hours were recorded, are refused.

With -o csv and without --group-by and --zone, 'ration usage import' reads the list again.`,
		Example: `  ration usage --since 7d
  ration usage --group-by key --since 30d
  ration usage --group-by owner,month --from 2030-01-01 --to 2030-12-31 -o csv
  ration usage --key key_… --meter tokens
  ration usage --zone Europe/Berlin --group-by day --since 7d
  ration usage --zone UTC --group-by hour --since yesterday`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if filter.From, filter.To, err = parseDates(cmd, from, since, to, zone); err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				if key != "" {
					if filter.KeyID, err = keyID(cmd.Context(), ops, key); err != nil {
						return err
					}
				}
				if zone != "" || len(groups) > 0 {
					question := admin.UsageQuestion{UsageFilter: filter, By: usageGroups(groups, zone), Zone: zone}
					return a.showUsageSums(cmd.Context(), ops, question, !cmd.Flags().Changed("from") && !cmd.Flags().Changed("since"))
				}
				days, err := ops.UsageDays(cmd.Context(), filter)
				if err != nil {
					return err
				}
				if len(days) == filter.Limit {
					a.say("There may be more: raise --max, or choose --from and --to that are closer together")
				}
				shown := wire.UsageDays(days)
				return a.show(listingOf(sheet.UsageDays, shown, shown, "nothing was used in that time"))
			})
		},
	}
	cmd.AddCommand(a.usageImportCommand())
	flags := cmd.Flags()
	flags.StringVar(&key, "key", "", "only this key's: its id, name or owner")
	flags.StringVar(&filter.Owner, "owner", "", "only this owner's keys'")
	flags.StringVar(&filter.Meter, "meter", "", `only on this meter, such as "requests"`)
	flags.StringVar(&from, "from", dateText(time.Now().AddDate(0, 0, -30)), "first date, such as 2030-01-31, yesterday or 7d: 7 days ago")
	flags.StringVar(&since, "since", "", "the same as --from")
	flags.StringArrayVar(&groups, "group-by", nil, "add up by key, owner, plan, hour (with --zone), day, month or meter; several with commas, or repeat")
	flags.StringVar(&zone, "zone", "", "days, months and hours of this time zone for all keys, such as Europe/Berlin (default: each key's own days)")
	flags.StringVar(&to, "to", "", "last date, such as 2030-01-31 or yesterday (default: the latest)")
	flags.IntVar(&filter.Limit, "max", 10_000, "show at most this many rows")
	flags.Lookup("from").DefValue = "30 days ago"
	return cmd
}

// parseDates reads the flags of a first date, which has two names, and a last one.
func parseDates(cmd *cobra.Command, from, since, to, zone string) (first, last ration.PeriodID, err error) {
	begin, flag := from, "--from"
	if cmd.Flags().Changed("since") {
		if cmd.Flags().Changed("from") {
			return 0, 0, usagef("--since and --from are the same: give only one of the two")
		}
		begin, flag = since, "--since"
	}
	location, err := ration.LoadZone(zone)
	if err != nil {
		return 0, 0, &ration.InvalidError{Field: "--zone", Value: zone, Reason: `use an IANA name such as "Europe/Berlin", or UTC`}
	}
	if first, err = parseDate(flag, begin, location); err != nil {
		return 0, 0, err
	}
	last, err = parseDate("--to", to, location)
	return first, last, err
}
