package adminclient

import (
	"context"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// CreateWebhook implements admin.Operations.
func (o *Operations) CreateWebhook(ctx context.Context, actor string, webhook admin.NewWebhook) (admin.IssuedWebhook, error) {
	issued, err := o.admin.CreateWebhook(by(ctx, actor), api.NewWebhook{URL: webhook.URL, Types: typeNames(webhook.Types)})
	return answered(issued, err, readIssuedWebhook)
}

// ListWebhooks implements admin.Operations.
func (o *Operations) ListWebhooks(ctx context.Context) ([]admin.WebhookStatus, error) {
	webhooks, err := o.admin.Webhooks(ctx)
	return answered(webhooks, err, func(w api.Webhooks) ([]admin.WebhookStatus, error) { return all(w.Items, readWebhookStatus) })
}

// ShowWebhook implements admin.Operations.
func (o *Operations) ShowWebhook(ctx context.Context, id uuid.UUID) (admin.WebhookStatus, error) {
	webhook, err := o.admin.Webhook(ctx, id.String())
	return answered(webhook, err, readWebhookStatus)
}

// UpdateWebhook implements admin.Operations.
func (o *Operations) UpdateWebhook(ctx context.Context, actor string, patch admin.WebhookPatch) (admin.Webhook, error) {
	asked := api.WebhookPatch{URL: patch.URL, Enabled: patch.Enabled}
	if patch.Types != nil {
		asked.Types = new(append([]string{}, typeNames(*patch.Types)...))
	}
	webhook, err := o.admin.UpdateWebhook(by(ctx, actor), patch.ID.String(), asked)
	return answered(webhook, err, readWebhook)
}

// RotateWebhookSecret implements admin.Operations.
func (o *Operations) RotateWebhookSecret(ctx context.Context, actor string, id uuid.UUID) (admin.IssuedWebhook, error) {
	issued, err := o.admin.RotateWebhookSecret(by(ctx, actor), id.String())
	return answered(issued, err, readIssuedWebhook)
}

// DeleteWebhook implements admin.Operations.
func (o *Operations) DeleteWebhook(ctx context.Context, actor string, id uuid.UUID) error {
	return failed(o.admin.DeleteWebhook(by(ctx, actor), id.String()))
}

// ListDeliveries implements admin.Operations.
func (o *Operations) ListDeliveries(ctx context.Context, filter admin.DeliveryFilter) ([]admin.Delivery, error) {
	query := client.DeliveryQuery{State: string(filter.State), Type: string(filter.Type)}
	if filter.WebhookID != uuid.Nil {
		query.Webhook = filter.WebhookID.String()
	}
	if !filter.KeyID.IsZero() {
		query.Key = filter.KeyID.String()
	}
	query.Cursor = cursorAfter(wire.ListOfDeliveries, query.Values(), filter.After)
	return gather(filter.Limit, defaultDeliveries, &query.Paging, readDelivery, func() (api.Page[api.Delivery], error) { return o.admin.ListDeliveries(ctx, query) })
}

// ReplayDelivery implements admin.Operations.
func (o *Operations) ReplayDelivery(ctx context.Context, actor string, id admin.DeliveryID) (admin.Delivery, error) {
	delivery, err := o.admin.ReplayDelivery(by(ctx, actor), id.WebhookID.String(), id.EventID.String())
	return answered(delivery, err, readDelivery)
}

// ReplayDead implements admin.Operations.
func (o *Operations) ReplayDead(ctx context.Context, actor string, webhook uuid.UUID) (int, error) {
	replayed, err := o.admin.ReplayDead(by(ctx, actor), webhook.String())
	return replayed.Replayed, failed(err)
}

func typeNames(types []admin.EventType) (names []string) {
	for _, kind := range types {
		names = append(names, string(kind))
	}
	return names
}

func readWebhook(w api.Webhook) (webhook admin.Webhook, err error) {
	webhook = admin.Webhook{
		URL: w.URL, Enabled: w.Enabled, DisabledReason: w.DisabledReason, PreviousUntil: orZero(w.PreviousSecretUntil),
		CreatedBy: w.CreatedBy, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	}
	for _, name := range w.Types {
		webhook.Types = append(webhook.Types, admin.EventType(name))
	}
	webhook.ID, err = uuid.Parse(w.ID)
	return webhook, err
}

func readWebhookStatus(w api.WebhookStatus) (status admin.WebhookStatus, err error) {
	status.Webhook, err = readWebhook(w.Webhook)
	status.Backlog = admin.WebhookBacklog{WebhookID: status.ID, Waiting: w.Waiting, Oldest: orZero(w.WaitingSince), Dead: w.Dead}
	return status, err
}

func readIssuedWebhook(i api.IssuedWebhook) (issued admin.IssuedWebhook, err error) {
	issued.Secret = ration.SecretFromText(i.Secret)
	issued.Webhook, err = readWebhook(i.Webhook)
	return issued, err
}

func readDelivery(d api.Delivery) (delivery admin.Delivery, err error) {
	delivery = admin.Delivery{
		State: admin.DeliveryState(d.State), Replayed: d.Replayed, Since: d.Since, Attempts: d.Attempts, NextAt: orZero(d.NextAt), Problem: d.Problem, EndedAt: orZero(d.EndedAt),
	}
	if d.Status != nil {
		delivery.Status = *d.Status
	}
	if delivery.Event, err = readEvent(d.Event); err != nil {
		return delivery, err
	}
	delivery.WebhookID, err = uuid.Parse(d.WebhookID)
	return delivery, err
}
