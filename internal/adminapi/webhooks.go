package adminapi

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagWebhooks = "webhooks"

func (a *API) registerWebhooks() {
	register(a, operation{
		id: "createWebhook", method: http.MethodPost, path: "/webhooks", tag: tagWebhooks, scope: scopeAdmin, status: http.StatusCreated,
		summary: "Create a webhook", about: "It gets the events that are published from then on. The answer has its secret, which can't be shown again. There are at most 50 webhooks.",
		errors: repeatable, example: api.NewWebhook{URL: "https://example.com/hooks/ration", Types: []string{"key.limit_threshold", "key.expiring"}},
	}, createWebhook)
	register(a, operation{
		id: "listWebhooks", method: http.MethodGet, path: "/webhooks", tag: tagWebhooks, scope: scopeRead,
		summary: "List webhooks, and what waits for them", about: "Without the scope admin, only the hosts of their addresses are shown.",
	}, listWebhooks)
	register(a, operation{
		id: "showWebhook", method: http.MethodGet, path: "/webhooks/{webhook}", tag: tagWebhooks, scope: scopeRead,
		summary: "Show a webhook, and what waits for it",
	}, showWebhook)
	register(a, operation{
		id: "updateWebhook", method: http.MethodPatch, path: "/webhooks/{webhook}", tag: tagWebhooks, scope: scopeAdmin,
		summary: "Change, enable or disable a webhook",
		about:   "While it is disabled, nothing is sent, and new events are not kept for it. What waited before is sent once it is enabled again. Other types hold for what is published later.",
		example: api.WebhookPatch{Types: &[]string{"key.created", "key.revoked"}, Enabled: new(true)},
	}, updateWebhook)
	register(a, operation{
		id: "rotateWebhookSecret", method: http.MethodPost, path: "/webhooks/{webhook}/rotate-secret", tag: tagWebhooks, scope: scopeAdmin,
		summary: "Give a webhook a new secret",
		about:   "The answer has it. The one that it had signs too for 24 hours, unless the secret is replaced again before.",
	}, rotateWebhookSecret)
	register(a, operation{
		id: "deleteWebhook", method: http.MethodDelete, path: "/webhooks/{webhook}", tag: tagWebhooks, scope: scopeAdmin, status: http.StatusNoContent,
		summary: "Delete a webhook, and what waits for it",
	}, deleteWebhook)
	register(a, operation{
		id: "replayDead", method: http.MethodPost, path: "/webhooks/{webhook}/replay-dead", tag: tagWebhooks, scope: scopeAdmin,
		summary: "Send again what was given up", about: "The oldest 1,000 deliveries of the webhook at a time. The answer is 409 if the webhook is disabled.",
		errors: []int{http.StatusConflict},
	}, replayDead)
	register(a, operation{
		id: "replayDelivery", method: http.MethodPost, path: "/webhooks/{webhook}/deliveries/{event}/replay", tag: tagWebhooks, scope: scopeAdmin,
		summary: "Send an event again",
		about: "At once, beside what waits of its key. A delivery that waits for its next attempt is sent now. " +
			"The answer is 409 if it waits for an earlier event of its key or is being sent, or if the webhook is disabled.",
		errors: []int{http.StatusConflict},
	}, replayDelivery)
	register(a, operation{
		id: "listDeliveries", method: http.MethodGet, path: "/webhook-deliveries", tag: tagWebhooks, scope: scopeRead,
		summary: "List deliveries of events to webhooks", about: "Those of the latest events first. Deliveries are kept as long as their events.",
	}, listDeliveries)
}

type createWebhookInput struct {
	Repeatable
	Body api.NewWebhook
}

type createdWebhook struct {
	Replayable
	Location string `header:"Location" doc:"Where it is shown."`
	Body     api.IssuedWebhook
}

func createWebhook(ctx context.Context, c Caller, in *createWebhookInput) (*createdWebhook, error) {
	webhook := rationadmin.NewWebhook{URL: in.Body.URL, Types: eventTypes(in.Body.Types)}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (rationadmin.IssuedWebhook, error) {
		return c.Operations.CreateWebhook(ctx, c.Actor, webhook)
	}, func(issued rationadmin.IssuedWebhook) *createdWebhook {
		return &createdWebhook{Location: Prefix + "/webhooks/" + issued.ID.String(), Body: wire.IssuedWebhook(issued)}
	})
}

func eventTypes(names []string) (types []rationadmin.EventType) {
	for _, name := range names {
		types = append(types, rationadmin.EventType(name))
	}
	return types
}

func listWebhooks(ctx context.Context, c Caller, _ *struct{}) (*reply[api.Webhooks], error) {
	webhooks, err := c.Operations.ListWebhooks(ctx)
	return replyWith(wire.Webhooks(webhooks), err)
}

// ByWebhook is the input of operations on one webhook.
type ByWebhook struct {
	Webhook string `path:"webhook" doc:"The webhook's id: a UUID."`
}

func showWebhook(ctx context.Context, c Caller, in *ByWebhook) (*reply[api.WebhookStatus], error) {
	webhook, err := c.Operations.ShowWebhook(ctx, readID(in.Webhook))
	return replyWith(wire.WebhookStatus(webhook), err)
}

type updateWebhookInput struct {
	ByWebhook
	Body    api.WebhookPatch
	RawBody []byte
}

func updateWebhook(ctx context.Context, c Caller, in *updateWebhookInput) (*reply[api.Webhook], error) {
	nulls := nullMembers(in.RawBody)
	if err := refuseNulls(nulls, "types"); err != nil {
		return nil, err
	}
	patch := rationadmin.WebhookPatch{ID: readID(in.Webhook), URL: in.Body.URL, Enabled: in.Body.Enabled}
	if in.Body.Types != nil || nulls["types"] {
		types := []rationadmin.EventType{}
		if in.Body.Types != nil {
			types = append(types, eventTypes(*in.Body.Types)...)
		}
		patch.Types = &types
	}
	webhook, err := c.Operations.UpdateWebhook(ctx, c.Actor, patch)
	return replyWith(wire.Webhook(webhook), err)
}

func rotateWebhookSecret(ctx context.Context, c Caller, in *ByWebhook) (*reply[api.IssuedWebhook], error) {
	issued, err := c.Operations.RotateWebhookSecret(ctx, c.Actor, readID(in.Webhook))
	return replyWith(wire.IssuedWebhook(issued), err)
}

func deleteWebhook(ctx context.Context, c Caller, in *ByWebhook) (*struct{}, error) {
	return nil, c.Operations.DeleteWebhook(ctx, c.Actor, readID(in.Webhook))
}

func replayDead(ctx context.Context, c Caller, in *ByWebhook) (*reply[api.DeadReplayed], error) {
	replayed, err := c.Operations.ReplayDead(ctx, c.Actor, readID(in.Webhook))
	return replyWith(api.DeadReplayed{Replayed: replayed, More: replayed == rationadmin.MaxReplayed}, err)
}

type byDelivery struct {
	ByWebhook
	Event string `path:"event" doc:"The event's id: a UUID."`
}

func replayDelivery(ctx context.Context, c Caller, in *byDelivery) (*reply[api.Delivery], error) {
	delivery, err := c.Operations.ReplayDelivery(ctx, c.Actor, rationadmin.DeliveryID{WebhookID: readID(in.Webhook), EventID: readID(in.Event)})
	return replyWith(wire.Delivery(delivery), err)
}

type listDeliveriesInput struct {
	Webhook string `query:"webhook" doc:"Only those to this webhook, by its id."`
	State   string `query:"state" enum:"waiting,delivered,dead" doc:"Only those in this state."`
	Type    string `query:"type" doc:"Only those of events of this type, such as key.limit_threshold."`
	Key     string `query:"key" doc:"Only those of events of this key, by its id."`
	Paging
}

func listDeliveries(ctx context.Context, c Caller, in *listDeliveriesInput) (*reply[api.Page[api.Delivery]], error) {
	filter := admin.DeliveryFilter{State: admin.DeliveryState(in.State), Type: admin.EventType(in.Type)}
	var err error
	if filter.KeyID, err = readKeyParameter(in.Key); err != nil {
		return nil, err
	}
	if in.Webhook != "" {
		if filter.WebhookID = readID(in.Webhook); filter.WebhookID.String() != in.Webhook {
			return nil, invalidForm("?webhook", "use the id of a webhook")
		}
	}
	deliveries := list[admin.Delivery, api.Delivery, rationadmin.DeliveryPosition]{
		name: wire.ListOfDeliveries, show: wire.Deliveries, place: rationadmin.DeliveryAt,
		find: func(ctx context.Context, after rationadmin.DeliveryPosition, most int) ([]admin.Delivery, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.ListDeliveries(ctx, filter)
		},
	}
	return deliveries.page(ctx, in.Paging)
}
