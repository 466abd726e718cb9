package cli

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

func (a *app) topCommand() *cobra.Command {
	var question admin.SummaryQuestion
	var near bool
	cmd := &cobra.Command{
		Use: "top", Short: "Show the keys that used most today, or those nearest to a limit", Args: noArguments,
		Long: `Shows the active keys that used most today, by requests or by another meter. Today is
each key's own day. With --near-limit it shows the keys nearest to a limit, each with the
limit of which the smallest part remains. 100 % means that nothing remains. Limits that
allow nothing at all don't count, nor rates that will be whole again within half a minute.

A server makes this summary in the background, about every 30 seconds while somebody asks
for it, and at longer intervals where there are very many keys. The command says how old
it is. With -o json it prints both lists.`,
		Example: `  ration top
  ration top --meter tokens --max 10
  ration top --near-limit`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				found, err := a.awaitSummary(cmd.Context(), ops, question)
				if err != nil {
					return err
				}
				summary := wire.Summary(found)
				a.say("%s; as of %s, %s ago", counted(summary.Keys, "key can be used", "keys can be used"), instantText(&summary.AsOf), time.Duration(summary.AgeSeconds)*time.Second)
				if near {
					return a.show(nearListing(summary))
				}
				return a.show(topListing(summary, cmp.Or(question.Meter, ration.MeterRequests)))
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&near, "near-limit", false, "show the keys nearest to a limit")
	flags.StringVar(&question.Meter, "meter", "", `show those that used most of this meter, such as "tokens" (default: requests)`)
	flags.IntVar(&question.Limit, "max", 20, "show at most this many keys, up to 100")
	return cmd
}

// summaryPause is the time between two questions for a summary that is being made. A
// server that is asked waits some seconds itself.
const summaryPause = time.Second

// awaitSummary asks until there is a summary.
func (a *app) awaitSummary(ctx context.Context, ops admin.Operations, question admin.SummaryQuestion) (admin.Summary, error) {
	for told := false; ; told = true {
		found, err := ops.Summary(ctx, question)
		if !errors.Is(err, rationadmin.ErrSummaryBeingMade) {
			return found, err
		}
		if !told {
			a.say("The summary is being made; with very many keys this takes a while.")
		}
		if !pause(ctx, summaryPause) {
			return found, context.Cause(ctx)
		}
	}
}

func topListing(summary api.Summary, meter string) listing {
	list := listing{
		value: summary, empty: "nothing was used on " + meter + " today",
		columns: []column{{name: "key_id"}, {name: "key_name"}, {name: "owner"}, {name: "plan"}, {name: "meter"}, {name: "used"}, {name: "other_meters"}},
	}
	for _, key := range summary.Top {
		var others []string
		for _, other := range summary.Meters {
			if used, isUsed := key.Used[other]; isUsed && other != meter {
				others = append(others, other+" "+string(used))
			}
		}
		list.rows = append(list.rows, []string{key.KeyID, key.KeyName, key.Owner, key.Plan, meter, string(key.Used[meter]), strings.Join(others, ", ")})
	}
	return list
}

func nearListing(summary api.Summary) listing {
	list := listing{
		value: summary, empty: "no key has used anything of a limit",
		columns: []column{
			{name: "key_id"},
			{name: "key_name"},
			{name: "owner"},
			{name: "plan"},
			{name: "limit"},
			{name: "meter", wide: true},
			{name: "allows"},
			{name: "used"},
			{name: "reserved", wide: true},
			{name: "remaining"},
			{name: "percent"},
			{name: "resets_at"},
		},
	}
	for _, key := range summary.NearLimit {
		limit := key.Limit
		list.rows = append(list.rows, []string{
			key.KeyID, key.KeyName, key.Owner, key.Plan, limit.Name, limit.Meter, limitText(limit.PlanLimit), string(limit.Used), string(limit.Reserved),
			string(limit.Remaining), strconv.Itoa(key.Percent), instantText(limit.ResetsAt),
		})
	}
	return list
}
