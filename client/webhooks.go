package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// CreateWebhook creates a webhook. The answer has its secret, which can't be shown again.
func (a *Admin) CreateWebhook(ctx context.Context, webhook api.NewWebhook) (api.IssuedWebhook, error) {
	return once[api.IssuedWebhook](ctx, a, "/webhooks", webhook)
}

// Webhooks returns all webhooks, in the order of their creation.
func (a *Admin) Webhooks(ctx context.Context) (api.Webhooks, error) {
	return read[api.Webhooks](ctx, a, "/webhooks", nil)
}

// Webhook returns a webhook, and what waits for it.
func (a *Admin) Webhook(ctx context.Context, id string) (api.WebhookStatus, error) {
	return read[api.WebhookStatus](ctx, a, webhookPath(id), nil)
}

// UpdateWebhook changes, enables or disables a webhook.
func (a *Admin) UpdateWebhook(ctx context.Context, id string, patch api.WebhookPatch) (api.Webhook, error) {
	return change[api.Webhook](ctx, a, http.MethodPatch, webhookPath(id), patch)
}

// RotateWebhookSecret gives a webhook a new secret, which the answer has. The one that it
// had signs too for 24 hours, unless the secret is replaced again before.
func (a *Admin) RotateWebhookSecret(ctx context.Context, id string) (api.IssuedWebhook, error) {
	return change[api.IssuedWebhook](ctx, a, http.MethodPost, webhookPath(id)+"/rotate-secret", nil)
}

// DeleteWebhook deletes a webhook, and what waits for it.
func (a *Admin) DeleteWebhook(ctx context.Context, id string) error {
	_, err := change[struct{}](ctx, a, http.MethodDelete, webhookPath(id), nil)
	return err
}

// ReplayDead sends the oldest 1,000 deliveries of a webhook again that were given up.
func (a *Admin) ReplayDead(ctx context.Context, webhook string) (api.DeadReplayed, error) {
	return change[api.DeadReplayed](ctx, a, http.MethodPost, webhookPath(webhook)+"/replay-dead", nil)
}

// ReplayDelivery sends an event to a webhook again.
func (a *Admin) ReplayDelivery(ctx context.Context, webhook, event string) (api.Delivery, error) {
	return change[api.Delivery](ctx, a, http.MethodPost, webhookPath(webhook)+"/deliveries/"+url.PathEscape(event)+"/replay", nil)
}

func webhookPath(id string) string { return "/webhooks/" + url.PathEscape(id) }

// DeliveryQuery selects deliveries. A zero field does not restrict the selection.
type DeliveryQuery struct {
	Webhook string
	State   string // waiting, delivered or dead
	Type    string
	Key     string
	Paging
}

// Values returns the parameters of the request.
func (q DeliveryQuery) Values() url.Values {
	return q.parameters("webhook", q.Webhook, "state", q.State, "type", q.Type, "key", q.Key)
}

// ListDeliveries returns one page of the deliveries, those of the latest events first.
func (a *Admin) ListDeliveries(ctx context.Context, query DeliveryQuery) (api.Page[api.Delivery], error) {
	return list[api.Delivery](ctx, a, "/webhook-deliveries", query.Values())
}

// Deliveries returns all deliveries that match, page by page. The sequence ends after an error.
func (a *Admin) Deliveries(ctx context.Context, query DeliveryQuery) iter.Seq2[api.Delivery, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.Delivery], error) {
		query.Cursor = cursor
		return a.ListDeliveries(ctx, query)
	})
}
