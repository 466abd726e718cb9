package cli

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

func (a *app) webhooksDeliveriesCommand() *cobra.Command {
	var filter admin.DeliveryFilter
	var webhook, state, kind, key string
	cmd := &cobra.Command{
		Use: "deliveries", Short: "List what was sent to webhooks, or waits, latest events first", Args: noArguments,
		Long: `Lists deliveries of events to webhooks, those of the latest events first. One waits, was
delivered, or is dead: given up after its time for attempts. Deliveries are kept as long as
their events.`,
		Example: `  ration webhooks deliveries --state dead
  ration webhooks deliveries --type key.revoked --max 20 -o json`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			filter.State, filter.Type = admin.DeliveryState(state), admin.EventType(kind)
			if webhook != "" {
				if filter.WebhookID, err = parseWebhook(webhook); err != nil {
					return err
				}
			}
			if key != "" {
				if filter.KeyID, err = ration.ParseKeyID(key); err != nil {
					return err
				}
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				deliveries, err := ops.ListDeliveries(cmd.Context(), filter)
				if err != nil {
					return err
				}
				if len(deliveries) > 0 && len(deliveries) == filter.Limit {
					a.say("There may be more: raise --max")
				}
				shown := wire.Deliveries(deliveries)
				return a.show(deliveryListing(shown, shown...))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&webhook, "webhook", "", "only those to this webhook, by its id")
	flags.StringVar(&state, "state", "", "only those in this state: waiting, delivered or dead")
	flags.StringVar(&kind, "type", "", `only those of events of this type, such as "key.limit_threshold"`)
	flags.StringVar(&key, "key", "", "only those of events of this key, by its id")
	flags.IntVar(&filter.Limit, "max", 1000, "list at most this many")
	return cmd
}

func (a *app) webhooksReplayCommand() *cobra.Command {
	var dead bool
	cmd := &cobra.Command{
		Use: "replay WEBHOOK [EVENT]", Short: "Send an event again, or with --dead all that was given up",
		Long: `Sends an event to a webhook again, at once, beside what waits of its key: events come in
order only the first time. One that waits for its next attempt is sent now. With --dead, all
deliveries to the webhook that were given up are sent again. The webhook must be enabled.`,
		Example: `  ration webhooks replay 0197c0de-… 0197c0df-…
  ration webhooks replay 0197c0de-… --dead`,
		Args: func(cmd *cobra.Command, args []string) error {
			if want := map[bool]int{true: 1, false: 2}[dead]; len(args) != want {
				return usagef("give the id of a webhook and that of an event, or the id of a webhook and --dead; see '%s --help'", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			webhook, err := parseWebhook(args[0])
			if err != nil {
				return err
			}
			if dead {
				return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error { return a.replayDead(cmd.Context(), ops, webhook) })
			}
			event, err := parseUUID("EVENT", args[1], "an event's id", "ration webhooks deliveries")
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				delivery, err := ops.ReplayDelivery(cmd.Context(), actor(), admin.DeliveryID{WebhookID: webhook, EventID: event})
				if err != nil {
					return err
				}
				shown := wire.Delivery(delivery)
				return a.show(deliveryListing(shown, shown))
			})
		},
	}
	cmd.Flags().BoolVar(&dead, "dead", false, "all deliveries to the webhook that were given up")
	return cmd
}

func (a *app) replayDead(ctx context.Context, ops admin.Operations, webhook uuid.UUID) error {
	replayed := 0
	for {
		part, err := ops.ReplayDead(ctx, actor(), webhook)
		replayed += part
		if err != nil || part < rationadmin.MaxReplayed {
			a.say("%s sent again", map[bool]string{true: "1 delivery is", false: fmt.Sprintf("%d deliveries are", replayed)}[replayed == 1])
			return err
		}
	}
}

func deliveryListing(value any, deliveries ...api.Delivery) listing {
	list := listing{
		value: value, empty: "no deliveries",
		columns: []column{
			{name: "event_id"},
			{name: "time"},
			{name: "type"},
			{name: "key_name"},
			{name: "state"},
			{name: "attempts"},
			{name: "next_attempt_at"},
			{name: "status"},
			{name: "problem"},
			{name: "webhook_id"},
			{name: "key_id", wide: true},
			{name: "replayed", wide: true},
			{name: "since", wide: true},
			{name: "ended_at", wide: true},
		},
	}
	for i := range deliveries {
		d, status := &deliveries[i], ""
		if d.Status != nil {
			status = fmt.Sprint(*d.Status)
		}
		list.rows = append(list.rows, []string{
			d.Event.ID, instantText(&d.Event.Time), d.Event.Type, d.Event.KeyName, d.State, fmt.Sprint(d.Attempts), instantText(d.NextAt), status, d.Problem, d.WebhookID,
			d.Event.KeyID, fmt.Sprint(d.Replayed), instantText(&d.Since), instantText(d.EndedAt),
		})
	}
	return list
}
