package cli

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// followEvery is how often a command that follows the feed looks for events.
const followEvery = time.Second

func (a *app) eventsCommand() *cobra.Command {
	return a.group("events", "Show what has happened to keys", a.eventsListCommand(), a.eventsFollowCommand())
}

// eventFlags adds the flags that select events, and returns what they say.
func eventFlags(cmd *cobra.Command) func() (admin.EventFilter, error) {
	var filter admin.EventFilter
	var key, kind string
	flags := cmd.Flags()
	flags.StringVar(&key, "key", "", "only events of this key, by its id")
	flags.StringVar(&kind, "type", "", `only events of this type, such as "key.limit_threshold"`)
	flags.Int64Var(&filter.After, "after", 0, "begin after this place in the feed; 0: with the oldest event that is kept")
	return func() (_ admin.EventFilter, err error) {
		filter.Type = admin.EventType(kind)
		if key != "" {
			filter.KeyID, err = ration.ParseKeyID(key)
		}
		return filter, err
	}
}

func (a *app) eventsListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List events, oldest first", Args: noArguments,
		Long: `Lists what has happened to keys, oldest first: that a key has used 80 % or 100 % of a
limit, was created, rotated, disabled, enabled or revoked, expires within 7 days, was asked
for, or has no refunds left. Events are kept for 30 days, or as events_days says.`,
		Example: `  ration events list --type key.limit_threshold
  ration events list --latest --max 20
  ration events list --key key_… -o json
  ration events list --after 3`,
	}
	latest := cmd.Flags().Bool("latest", false, "list the latest events, the last first")
	before := cmd.Flags().Int64("before", 0, "with --latest: only events before this place in the feed")
	most := cmd.Flags().Int("max", 1000, "list at most this many")
	selected := eventFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		filter, err := selected()
		if err != nil {
			return err
		}
		filter.Limit, filter.Latest, filter.Before = *most, *latest, *before
		return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
			page, err := ops.ListEvents(cmd.Context(), filter)
			if err != nil {
				return err
			}
			switch {
			case page.Before > 0:
				a.say("There may be more: go on with --latest --before %d", page.Before)
			case !filter.Latest && len(page.Events) > 0 && len(page.Events) == filter.Limit:
				a.say("There may be more: go on with --after %d", page.After)
			}
			return a.show(eventListing(page))
		})
	}
	return cmd
}

func eventListing(page admin.EventsPage) listing {
	shown := wire.Events(page)
	list := listing{
		value: shown, empty: "no events",
		columns: []column{{name: "id", wide: true}, {name: "time"}, {name: "type"}, {name: "key_id"}, {name: "key_name"}, {name: "owner", wide: true}, {name: "data"}},
	}
	for i := range shown.Items {
		e := &shown.Items[i]
		list.rows = append(list.rows, []string{e.ID, instantText(&e.Time), e.Type, e.KeyID, e.KeyName, e.Owner, string(e.Data)})
	}
	return list
}

func (a *app) eventsFollowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "follow", Short: "Print events as they happen", Args: noArguments,
		Long: `Prints events as lines of JSON, and waits for more until it is interrupted. It looks
every second. The oldest events that are kept come first, unless --after says where to begin:
when it ends, it says where to go on.`,
		Example: "  ration events follow --type key.revoked --after 3",
	}
	selected := eventFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		filter, err := selected()
		if err != nil {
			return err
		}
		return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
			err := a.follow(cmd.Context(), ops, &filter)
			a.say("Go on with --after %d", filter.After)
			return err
		})
	}
	return cmd
}

// follow prints events until ctx ends.
func (a *app) follow(ctx context.Context, ops admin.Operations, filter *admin.EventFilter) error {
	lines := json.NewEncoder(a.stdout)
	lines.SetEscapeHTML(false)
	for {
		page, err := ops.ListEvents(ctx, *filter)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // whoever ends it has seen enough
		case err != nil:
			return err
		}
		for _, event := range page.Events {
			if err := lines.Encode(wire.Event(event)); err != nil {
				return err
			}
		}
		if filter.After = page.After; len(page.Events) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}
