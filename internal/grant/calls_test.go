package grant_test

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// call is one use of an operation, aimed at a key or at those with its owner and plan.
type call struct {
	scope string // the least that allows it
	whole bool   // a narrowed token may not use it
	make  func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error)
}

// actor is none: a token names itself.
const actor = "somebody else"

const webhookURL = "https://hooks.example.com/a/path/that/is/secret"

// webhook returns the webhook that the office has, or makes it.
func (o *office) webhook() (uuid.UUID, error) {
	webhooks, err := o.service.ListWebhooks(o.Context())
	if err == nil && len(webhooks) > 0 {
		return webhooks[0].ID, nil
	}
	issued, err := o.service.CreateWebhook(o.Context(), "test", admin.NewWebhook{URL: webhookURL})
	return issued.ID, err
}

// calls are uses of all operations. A method that is not here fails
// TestEachOperationIsTested.
var calls = map[string]call{
	"CreateKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error) {
		return ops.CreateKey(ctx, actor, admin.NewKey{Name: o.name("new"), Owner: at.owner, Plan: at.plan})
	}},
	"ListKeys": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListKeys(ctx, admin.KeyFilter{WithToday: true})
	}},
	"ShowKey": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ShowKey(ctx, at.Key.ID)
	}},
	"CountUnlimited": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.CountUnlimited(ctx, admin.KeyFilter{Name: at.Key.Name})
	}},
	"UpdateKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error) {
		return ops.UpdateKey(ctx, actor, admin.KeyPatch{ID: at.Key.ID, Name: new(o.name("renamed"))})
	}},
	"DisableKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.DisableKey(ctx, actor, at.Key.ID)
	}},
	"EnableKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.EnableKey(ctx, actor, at.Key.ID)
	}},
	"RevokeKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.RevokeKey(ctx, actor, at.Key.ID)
	}},
	"ResetKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error) {
		limit, err := ration.ParseLimit("5/day")
		if err != nil {
			return nil, err
		}
		_, err = o.service.UpdateKey(ctx, "test", admin.KeyPatch{ID: at.Key.ID, SetOverrides: []ration.Override{{Limit: limit}}})
		if err != nil && !at.Key.ID.IsZero() {
			return nil, err
		}
		return ops.ResetKey(ctx, actor, admin.KeyReset{ID: at.Key.ID, Reason: "a test"})
	}},
	"RotateKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.RotateKey(ctx, actor, admin.Rotation{ID: at.Key.ID})
	}},
	"AddSecret": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.AddSecret(ctx, actor, admin.NewKeySecret{ID: at.Key.ID, Label: "another"})
	}},
	"RevokeSecret": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.RevokeSecret(ctx, actor, admin.KeySecret{ID: at.Key.ID, SecretID: at.SecretID})
	}},
	"ListKeyRequests": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListKeyRequests(ctx, admin.KeyRequestFilter{})
	}},
	"ShowKeyRequest": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ShowKeyRequest(ctx, at.asked)
	}},
	"ApproveKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ApproveKey(ctx, actor, admin.KeyApproval{ID: at.asked, Plan: at.plan, Unlimited: true})
	}},
	"RejectKey": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.RejectKey(ctx, actor, admin.KeyRejection{ID: at.asked, Reason: "a test"})
	}},
	"CreatePickup": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error) {
		return ops.CreatePickup(ctx, actor, admin.NewPickup{ID: at.Key.ID, Label: "picked up"})
	}},
	"ChangeKeys": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ChangeKeys(ctx, actor, admin.KeysChange{Filter: admin.KeyFilter{Name: at.Key.Name}, Action: admin.ActionDisable})
	}},
	"ImportKeys": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error) {
		return ops.ImportKeys(ctx, actor, admin.KeysImport{Keys: []admin.ImportedKey{{
			Name: o.name("imported"), Owner: at.owner, Plan: at.plan, Status: ration.StatusActive, Secret: ration.SecretFromText(o.name("an old secret")),
		}}})
	}},
	"FindKeys": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.FindKeys(ctx, []ration.Secret{at.Secret})
	}},
	"ImportUsage": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ImportUsage(ctx, actor, admin.UsageImport{Days: []admin.ImportedDay{usedOn(at.Key.ID, 1)}})
	}},
	"UsageDays": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.UsageDays(ctx, admin.UsageFilter{})
	}},
	"SumUsage": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.SumUsage(ctx, admin.UsageQuestion{UsageFilter: admin.UsageFilter{KeyID: at.Key.ID}, By: []admin.UsageGroup{admin.ByKey, admin.ByPlan}})
	}},
	"Traffic": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.Traffic(ctx, admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByCode}})
	}},
	"Summary": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		found, err := ops.Summary(ctx, admin.SummaryQuestion{})
		found.AsOf, found.Age = time.Time{}, 0 // the same for any key
		return found, err
	}},
	"ListAudit": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ListAudit(ctx, admin.AuditFilter{Target: at.Key.ID.String()})
	}},
	"ExplainKey": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ExplainKey(ctx, admin.ExplainQuestion{KeyID: at.Key.ID})
	}},
	"Reconcile": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.Reconcile(ctx, admin.ReconcileFilter{KeyID: at.Key.ID})
	}},

	"ListReservations": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		found, err := ops.ListReservations(ctx, admin.ReservationFilter{KeyID: at.Key.ID})
		if err == nil && len(found) == 0 {
			return nil, ration.ErrNotFound
		}
		return found, err
	}},

	"StartJob": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error) {
		return ops.StartJob(ctx, actor, admin.NewJob{Keys: &admin.KeysImport{Keys: []admin.ImportedKey{{
			Name: o.name("imported"), Owner: at.owner, Plan: at.plan, Status: ration.StatusActive, Secret: ration.SecretFromText(o.name("an old secret")),
		}}}})
	}},
	"ShowJob": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ShowJob(ctx, at.job)
	}},
	"ListJobs": {scope: "read", make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListJobs(ctx, admin.JobFilter{})
	}},
	"CancelJob": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.CancelJob(ctx, actor, at.job)
	}},

	"SetMeter": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		return ops.SetMeter(ctx, actor, admin.MeterUnit{Name: "eur", Unit: 2})
	}},
	"ListMeters": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListMeters(ctx, admin.NameFilter{})
	}},

	"CreatePlan": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		return ops.CreatePlan(ctx, actor, admin.NewPlan{Name: o.name("plan")})
	}},
	"ListPlans": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListPlans(ctx, admin.NameFilter{})
	}},
	"ShowPlan": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ShowPlan(ctx, otherPlan)
	}},
	"UpdatePlan": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.UpdatePlan(ctx, actor, admin.PlanPatch{Name: ownPlan, TimeZone: new("Europe/Zurich")})
	}},
	"PreviewPlan": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.PreviewPlan(ctx, admin.PlanPreview{Patch: admin.PlanPatch{Name: otherPlan}})
	}},
	"ApplyPlans": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		return ops.ApplyPlans(ctx, actor, admin.PlansApply{Plans: []admin.NewPlan{{Name: o.name("applied")}}})
	}},
	"DeletePlan": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		name := o.name("gone")
		if _, err := o.service.CreatePlan(ctx, "test", admin.NewPlan{Name: name}); err != nil {
			return nil, err
		}
		return nil, ops.DeletePlan(ctx, actor, name)
	}},
	"CreateToken": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		return ops.CreateToken(ctx, actor, admin.NewToken{Name: o.name("token"), Scopes: []string{admin.ScopeRead}})
	}},
	"ListTokens": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListTokens(ctx, admin.TokenFilter{})
	}},
	"RevokeToken": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		name := o.name("revoked")
		if _, err := o.service.CreateToken(ctx, "test", admin.NewToken{Name: name, Scopes: []string{admin.ScopeRead}}); err != nil {
			return nil, err
		}
		return ops.RevokeToken(ctx, actor, name)
	}},
	"CreateLoginLink": {scope: "keys", make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		issued, err := ops.CreateLoginLink(ctx, actor, admin.NewLoginLink{For: "anna", Scopes: []string{admin.ScopeRead}, Owners: []string{at.owner}, Plans: []string{at.plan}})
		issued.LoginLink.ID, issued.LoginLink.CreatedAt, issued.LoginLink.ExpiresAt = uuid.Nil, time.Time{}, time.Time{}
		return issued.LoginLink, err
	}},
	"ListSessions": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListSessions(ctx, admin.SessionFilter{})
	}},
	"EndSession": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		begun, err := o.service.LogInUser(ctx, admin.User{Name: o.name("user"), Scopes: []string{admin.ScopeRead}}, admin.Login{})
		if err != nil {
			return nil, err
		}
		return ops.EndSession(ctx, actor, begun.Session.ID)
	}},
	"System": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.System(ctx)
	}},
	"ListEvents": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ListEvents(ctx, admin.EventFilter{KeyID: at.Key.ID})
	}},
	"CreateWebhook": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		issued, err := ops.CreateWebhook(ctx, actor, admin.NewWebhook{URL: webhookURL})
		if err != nil {
			return nil, err
		}
		return issued, ops.DeleteWebhook(ctx, actor, issued.ID)
	}},
	"ListWebhooks": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListWebhooks(ctx)
	}},
	"ShowWebhook": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		webhook, err := o.webhook()
		if err != nil {
			return nil, err
		}
		return ops.ShowWebhook(ctx, webhook)
	}},
	"UpdateWebhook": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		webhook, err := o.webhook()
		if err != nil {
			return nil, err
		}
		return ops.UpdateWebhook(ctx, actor, admin.WebhookPatch{ID: webhook, Enabled: new(true), Types: &[]admin.EventType{admin.EventKeyCreated}})
	}},
	"RotateWebhookSecret": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		webhook, err := o.webhook()
		if err != nil {
			return nil, err
		}
		return ops.RotateWebhookSecret(ctx, actor, webhook)
	}},
	"DeleteWebhook": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		webhook, err := o.webhook()
		if err != nil {
			return nil, err
		}
		return nil, ops.DeleteWebhook(ctx, actor, webhook)
	}},
	"ListDeliveries": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, at target) (any, error) {
		return ops.ListDeliveries(ctx, admin.DeliveryFilter{KeyID: at.Key.ID})
	}},
	"ReplayDelivery": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, at target) (any, error) {
		webhook, err := o.webhook()
		if err != nil {
			return nil, err
		}
		_, err = ops.ReplayDelivery(ctx, actor, admin.DeliveryID{WebhookID: webhook, EventID: webhook})
		if errors.Is(err, ration.ErrNotFound) { // nothing was sent yet
			err = nil
		}
		return nil, err
	}},
	"ReplayDead": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		webhook, err := o.webhook()
		if err != nil {
			return nil, err
		}
		return ops.ReplayDead(ctx, actor, webhook)
	}},
	"ListInstances": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.ListInstances(ctx)
	}},
	"Diagnose": {scope: "read", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.Diagnose(ctx, admin.DiagnoseOptions{})
	}},
	"RepairUsage": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, _ *office, _ target) (any, error) {
		return ops.RepairUsage(ctx, actor, ration.KeyID{})
	}},
	"Backup": {scope: "admin", whole: true, make: func(ctx context.Context, ops admin.Operations, o *office, _ target) (any, error) {
		return nil, ops.Backup(ctx, filepath.Join(o.TempDir(), "backup.db"))
	}},
}
