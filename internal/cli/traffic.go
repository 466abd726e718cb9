package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) trafficCommand() *cobra.Command {
	question := admin.TrafficQuestion{}
	var from, since, to string
	var groups []string
	cmd := &cobra.Command{
		Use: "traffic", Short: "Show how many requests were answered, through which way in, and with which code",
		Long: `Shows how many requests servers have answered: how many they let through (code "ok"),
how many they refused, and why. The ways in are the proxy, the verify API (verify) and
its reservations. Requests of keys that nobody knows count, too.

--group-by adds up by hour, day or month, and by via (the way in) and code. Days are
those of UTC, or of --zone.

A server writes its counts every 5 seconds and when it stops. These are counts to look
at: a server that is killed loses its last seconds of them. What keys have used is
counted without loss; 'ration usage' shows it.`,
		Example: `  ration traffic --since 7d
  ration traffic --group-by day,code --from 2030-01-01 --to 2030-01-31 -o csv
  ration traffic --group-by hour,via,code --since yesterday --zone Europe/Berlin`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if question.From, question.To, err = parseDates(cmd, from, since, to, question.Zone); err != nil {
				return err
			}
			question.By = usageGroups(groups, "")
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error { return a.showTraffic(cmd.Context(), ops, question) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", dateText(time.Now().AddDate(0, 0, -30)), "first date, such as 2030-01-31, yesterday or 7d: 7 days ago; at most 400 days before the last one")
	flags.StringVar(&since, "since", "", "the same as --from")
	flags.StringVar(&to, "to", "", "last date, such as 2030-01-31 or yesterday (default: today)")
	flags.StringArrayVar(&groups, "group-by", []string{"via,code"}, "add up by hour, day or month, and by via or code; several with commas, or repeat")
	flags.StringVar(&question.Zone, "zone", "", "the time zone of days, months and hours, such as Europe/Berlin (default: UTC)")
	flags.IntVar(&question.Limit, "max", 10_000, "show at most this many rows")
	flags.Lookup("from").DefValue = "30 days ago"
	return cmd
}

func (a *app) showTraffic(ctx context.Context, ops admin.Operations, question admin.TrafficQuestion) error {
	report, err := ops.Traffic(ctx, question)
	if err != nil {
		return err
	}
	if report.More {
		a.say("There are more sums: raise --max, choose fewer days, or group by less")
	}
	if report.Since.After(report.From.Date()) {
		a.say("Answers are counted since %s", report.Since.UTC().Format(time.RFC3339))
	}
	shown := wire.TrafficReport(&report, &question)
	return a.show(listingOf(sheet.Traffic(&shown), shown, shown.Sums, "nothing was answered in that time"))
}
