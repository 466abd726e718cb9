package wire

import (
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Webhook returns a webhook.
func Webhook(w admin.Webhook) api.Webhook {
	types := make([]string, len(w.Types))
	for i, kind := range w.Types {
		types[i] = string(kind)
	}
	return api.Webhook{
		ID: w.ID.String(), URL: w.URL, Types: types, Enabled: w.Enabled, DisabledReason: w.DisabledReason, PreviousSecretUntil: instant(w.PreviousUntil),
		CreatedBy: w.CreatedBy, CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(),
	}
}

// WebhookStatus returns a webhook with what waits for it.
func WebhookStatus(w admin.WebhookStatus) api.WebhookStatus {
	return api.WebhookStatus{Webhook: Webhook(w.Webhook), Waiting: w.Backlog.Waiting, WaitingSince: instant(w.Backlog.Oldest), Dead: w.Backlog.Dead}
}

// Webhooks returns webhooks.
func Webhooks(webhooks []admin.WebhookStatus) api.Webhooks {
	return api.Webhooks{Items: convert(webhooks, WebhookStatus)}
}

// IssuedWebhook returns a webhook with its secret in plain text.
func IssuedWebhook(issued admin.IssuedWebhook) api.IssuedWebhook {
	return api.IssuedWebhook{Webhook: Webhook(issued.Webhook), Secret: issued.Secret.Reveal()}
}

// Deliveries returns deliveries.
func Deliveries(deliveries []admin.Delivery) []api.Delivery { return convert(deliveries, Delivery) }

// Delivery returns a delivery.
func Delivery(d admin.Delivery) api.Delivery {
	shown := api.Delivery{
		WebhookID: d.WebhookID.String(), Event: Event(d.Event), State: string(d.State), Replayed: d.Replayed, Since: d.Since.UTC(), Attempts: d.Attempts,
		NextAt: instant(d.NextAt), Problem: d.Problem, EndedAt: instant(d.EndedAt),
	}
	if d.Status != 0 {
		shown.Status = &d.Status
	}
	return shown
}
