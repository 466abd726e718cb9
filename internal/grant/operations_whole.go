package grant

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// The operations below concern more than some keys.

// CreatePlan implements admin.Operations.
func (o *operations) CreatePlan(ctx context.Context, _ string, plan admin.NewPlan) (ration.Plan, error) {
	return change(ctx, o.grant, changeOther, o.of.CreatePlan, plan)
}

// ListPlans implements admin.Operations.
func (o *operations) ListPlans(ctx context.Context, filter admin.NameFilter) ([]ration.Plan, error) {
	return read(ctx, o.grant, readAll, o.of.ListPlans, filter)
}

// SetMeter implements admin.Operations.
func (o *operations) SetMeter(ctx context.Context, _ string, meter admin.MeterUnit) (admin.Meter, error) {
	return change(ctx, o.grant, changeOther, o.of.SetMeter, meter)
}

// ListMeters implements admin.Operations.
func (o *operations) ListMeters(ctx context.Context, filter admin.NameFilter) ([]admin.Meter, error) {
	return read(ctx, o.grant, readAll, o.of.ListMeters, filter)
}

// Traffic implements admin.Operations.
func (o *operations) Traffic(ctx context.Context, question admin.TrafficQuestion) (admin.TrafficReport, error) {
	return read(ctx, o.grant, readAll, o.of.Traffic, question)
}

// ShowPlan implements admin.Operations.
func (o *operations) ShowPlan(ctx context.Context, name string) (ration.Plan, error) {
	return read(ctx, o.grant, readAll, o.of.ShowPlan, name)
}

// PreviewPlan implements admin.Operations.
func (o *operations) PreviewPlan(ctx context.Context, preview admin.PlanPreview) (admin.PlanPreviewed, error) {
	return read(ctx, o.grant, readAll, o.of.PreviewPlan, preview)
}

// UpdatePlan implements admin.Operations.
func (o *operations) UpdatePlan(ctx context.Context, _ string, patch admin.PlanPatch) (ration.Plan, error) {
	return change(ctx, o.grant, changeOther, o.of.UpdatePlan, patch)
}

// ApplyPlans implements admin.Operations.
func (o *operations) ApplyPlans(ctx context.Context, _ string, apply admin.PlansApply) (admin.PlansApplied, error) {
	return change(ctx, o.grant, changeOther, o.of.ApplyPlans, apply)
}

// DeletePlan implements admin.Operations.
func (o *operations) DeletePlan(ctx context.Context, _, name string) error {
	_, err := change(ctx, o.grant, changeOther, func(ctx context.Context, actor, name string) (struct{}, error) {
		return struct{}{}, o.of.DeletePlan(ctx, actor, name)
	}, name)
	return err
}

// CreateToken implements admin.Operations. Whoever may make tokens holds all scopes of
// administration and is narrowed to nothing, so that only the end of its token bounds what
// it can grant: no token outlives the one that made it.
func (o *operations) CreateToken(ctx context.Context, _ string, token admin.NewToken) (admin.IssuedToken, error) {
	end := o.grant.end
	if err := o.grant.check(changeOther); err == nil && !end.IsZero() && (token.ExpiresAt.IsZero() || token.ExpiresAt.After(end)) {
		return admin.IssuedToken{}, &ration.InvalidError{
			Field: "expires_at", Value: instant(token.ExpiresAt), Reason: "the token that makes it ends at " + instant(end) + "; use a time until then",
		}
	}
	return change(ctx, o.grant, changeOther, o.of.CreateToken, token)
}

// ListTokens implements admin.Operations.
func (o *operations) ListTokens(ctx context.Context, filter admin.TokenFilter) ([]admin.Token, error) {
	return read(ctx, o.grant, readAll, o.of.ListTokens, filter)
}

// RevokeToken implements admin.Operations.
func (o *operations) RevokeToken(ctx context.Context, _, name string) (admin.Token, error) {
	return change(ctx, o.grant, changeOther, o.of.RevokeToken, name)
}

// ListSessions implements admin.Operations. It tells who uses the console from where.
func (o *operations) ListSessions(ctx context.Context, filter admin.SessionFilter) ([]admin.Session, error) {
	return read(ctx, o.grant, changeOther, o.of.ListSessions, filter)
}

// EndSession implements admin.Operations.
func (o *operations) EndSession(ctx context.Context, _ string, id uuid.UUID) (admin.Session, error) {
	return change(ctx, o.grant, changeOther, o.of.EndSession, id)
}

// System implements admin.Operations.
func (o *operations) System(ctx context.Context) (admin.System, error) {
	return read(ctx, o.grant, readAll, func(ctx context.Context, _ struct{}) (admin.System, error) { return o.of.System(ctx) }, struct{}{})
}

// ListEvents implements admin.Operations.
func (o *operations) ListEvents(ctx context.Context, filter admin.EventFilter) (admin.EventsPage, error) {
	return read(ctx, o.grant, readAll, o.of.ListEvents, filter)
}

// CreateWebhook implements admin.Operations.
func (o *operations) CreateWebhook(ctx context.Context, _ string, webhook admin.NewWebhook) (admin.IssuedWebhook, error) {
	return change(ctx, o.grant, changeOther, o.of.CreateWebhook, webhook)
}

// ListWebhooks implements admin.Operations. Who may not change webhooks sees only the hosts
// of their addresses: what follows may be as good as a secret.
func (o *operations) ListWebhooks(ctx context.Context) ([]admin.WebhookStatus, error) {
	webhooks, err := read(ctx, o.grant, readAll, func(ctx context.Context, _ struct{}) ([]admin.WebhookStatus, error) { return o.of.ListWebhooks(ctx) }, struct{}{})
	if o.grant.check(changeOther) != nil {
		for i := range webhooks {
			webhooks[i].URL = admin.WebhookOrigin(webhooks[i].URL)
		}
	}
	return webhooks, err
}

// ShowWebhook implements admin.Operations, as ListWebhooks.
func (o *operations) ShowWebhook(ctx context.Context, id uuid.UUID) (admin.WebhookStatus, error) {
	webhook, err := read(ctx, o.grant, readAll, o.of.ShowWebhook, id)
	if o.grant.check(changeOther) != nil {
		webhook.URL = admin.WebhookOrigin(webhook.URL)
	}
	return webhook, err
}

// UpdateWebhook implements admin.Operations.
func (o *operations) UpdateWebhook(ctx context.Context, _ string, patch admin.WebhookPatch) (admin.Webhook, error) {
	return change(ctx, o.grant, changeOther, o.of.UpdateWebhook, patch)
}

// RotateWebhookSecret implements admin.Operations.
func (o *operations) RotateWebhookSecret(ctx context.Context, _ string, id uuid.UUID) (admin.IssuedWebhook, error) {
	return change(ctx, o.grant, changeOther, o.of.RotateWebhookSecret, id)
}

// DeleteWebhook implements admin.Operations.
func (o *operations) DeleteWebhook(ctx context.Context, _ string, id uuid.UUID) error {
	_, err := change(ctx, o.grant, changeOther, func(ctx context.Context, actor string, id uuid.UUID) (struct{}, error) {
		return struct{}{}, o.of.DeleteWebhook(ctx, actor, id)
	}, id)
	return err
}

// ListDeliveries implements admin.Operations.
func (o *operations) ListDeliveries(ctx context.Context, filter admin.DeliveryFilter) ([]admin.Delivery, error) {
	return read(ctx, o.grant, readAll, o.of.ListDeliveries, filter)
}

// ReplayDelivery implements admin.Operations.
func (o *operations) ReplayDelivery(ctx context.Context, _ string, id admin.DeliveryID) (admin.Delivery, error) {
	return change(ctx, o.grant, changeOther, o.of.ReplayDelivery, id)
}

// ReplayDead implements admin.Operations.
func (o *operations) ReplayDead(ctx context.Context, _ string, webhook uuid.UUID) (int, error) {
	return change(ctx, o.grant, changeOther, o.of.ReplayDead, webhook)
}

// ListInstances implements admin.Operations.
func (o *operations) ListInstances(ctx context.Context) (admin.Instances, error) {
	return read(ctx, o.grant, readAll, func(ctx context.Context, _ struct{}) (admin.Instances, error) { return o.of.ListInstances(ctx) }, struct{}{})
}

// Diagnose implements admin.Operations.
func (o *operations) Diagnose(ctx context.Context, options admin.DiagnoseOptions) ([]admin.Finding, error) {
	return read(ctx, o.grant, readAll, o.of.Diagnose, options)
}

// RepairUsage implements admin.Operations.
func (o *operations) RepairUsage(ctx context.Context, _ string, after ration.KeyID) (admin.UsageRepaired, error) {
	return change(ctx, o.grant, changeOther, o.of.RepairUsage, after)
}

// Backup implements admin.Operations. It writes a file with all that is in the
// database.
func (o *operations) Backup(ctx context.Context, path string) error {
	_, err := read(ctx, o.grant, changeOther, func(ctx context.Context, path string) (struct{}, error) {
		return struct{}{}, o.of.Backup(ctx, path)
	}, path)
	return err
}

// instant writes a time as people read it; the zero time is never.
func instant(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
