package adminsock

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// CreateKey implements admin.KeyOperations.
func (c *Client) CreateKey(ctx context.Context, actor string, key admin.NewKey) (admin.IssuedSecret, error) {
	issued, err := callAs[issuedSecret](ctx, c, "CreateKey", actor, key)
	return issued.conceal(), err
}

// ListKeys implements admin.KeyOperations.
func (c *Client) ListKeys(ctx context.Context, filter admin.KeyFilter) ([]admin.KeyRecord, error) {
	return call[[]admin.KeyRecord](ctx, c, "ListKeys", filter)
}

// ShowKey implements admin.KeyOperations.
func (c *Client) ShowKey(ctx context.Context, id ration.KeyID) (admin.KeyStatus, error) {
	return call[admin.KeyStatus](ctx, c, "ShowKey", id)
}

// CountUnlimited implements admin.KeyOperations.
func (c *Client) CountUnlimited(ctx context.Context, filter admin.KeyFilter) (admin.UnlimitedKeys, error) {
	return call[admin.UnlimitedKeys](ctx, c, "CountUnlimited", filter)
}

// UpdateKey implements admin.KeyOperations.
func (c *Client) UpdateKey(ctx context.Context, actor string, patch admin.KeyPatch) (admin.KeyRecord, error) {
	return callAs[admin.KeyRecord](ctx, c, "UpdateKey", actor, patch)
}

// RotateKey implements admin.KeyOperations.
func (c *Client) RotateKey(ctx context.Context, actor string, rotation admin.Rotation) (admin.IssuedSecret, error) {
	issued, err := callAs[issuedSecret](ctx, c, "RotateKey", actor, rotation)
	return issued.conceal(), err
}

// AddSecret implements admin.KeyOperations.
func (c *Client) AddSecret(ctx context.Context, actor string, secret admin.NewKeySecret) (admin.IssuedSecret, error) {
	issued, err := callAs[issuedSecret](ctx, c, "AddSecret", actor, secret)
	return issued.conceal(), err
}

// RevokeSecret implements admin.KeyOperations.
func (c *Client) RevokeSecret(ctx context.Context, actor string, secret admin.KeySecret) (admin.KeyRecord, error) {
	return callAs[admin.KeyRecord](ctx, c, "RevokeSecret", actor, secret)
}

// DisableKey implements admin.KeyOperations.
func (c *Client) DisableKey(ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error) {
	return callAs[admin.KeyRecord](ctx, c, "DisableKey", actor, id)
}

// EnableKey implements admin.KeyOperations.
func (c *Client) EnableKey(ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error) {
	return callAs[admin.KeyRecord](ctx, c, "EnableKey", actor, id)
}

// RevokeKey implements admin.KeyOperations.
func (c *Client) RevokeKey(ctx context.Context, actor string, id ration.KeyID) (admin.KeyRecord, error) {
	return callAs[admin.KeyRecord](ctx, c, "RevokeKey", actor, id)
}

// ResetKey implements admin.KeyOperations.
func (c *Client) ResetKey(ctx context.Context, actor string, reset admin.KeyReset) (admin.KeyResetDone, error) {
	return callAs[admin.KeyResetDone](ctx, c, "ResetKey", actor, reset)
}

// ChangeKeys implements rationadmin.KeysChanger.
func (c *Client) ChangeKeys(ctx context.Context, actor string, change admin.KeysChange) (admin.KeysChanged, error) {
	return callAs[admin.KeysChanged](ctx, c, "ChangeKeys", actor, change)
}

// ImportKeys implements admin.ImportOperations.
func (c *Client) ImportKeys(ctx context.Context, actor string, keys admin.KeysImport) (admin.KeysImported, error) {
	return callAs[admin.KeysImported](ctx, c, "ImportKeys", actor, revealImport(keys))
}

// FindKeys implements admin.ImportOperations.
func (c *Client) FindKeys(ctx context.Context, secrets []ration.Secret) ([]ration.KeyID, error) {
	return call[[]ration.KeyID](ctx, c, "FindKeys", revealSecrets(secrets))
}

// ImportUsage implements admin.ImportOperations.
func (c *Client) ImportUsage(ctx context.Context, actor string, usage admin.UsageImport) (admin.UsageImported, error) {
	return callAs[admin.UsageImported](ctx, c, "ImportUsage", actor, usage)
}

// CreatePlan implements admin.PlanOperations.
func (c *Client) CreatePlan(ctx context.Context, actor string, plan admin.NewPlan) (ration.Plan, error) {
	return callAs[ration.Plan](ctx, c, "CreatePlan", actor, plan)
}

// ListPlans implements admin.PlanOperations.
func (c *Client) ListPlans(ctx context.Context) ([]ration.Plan, error) {
	return call[[]ration.Plan](ctx, c, "ListPlans", struct{}{})
}

// ShowPlan implements admin.PlanOperations.
func (c *Client) ShowPlan(ctx context.Context, name string) (ration.Plan, error) {
	return call[ration.Plan](ctx, c, "ShowPlan", name)
}

// UpdatePlan implements admin.PlanOperations.
func (c *Client) UpdatePlan(ctx context.Context, actor string, patch admin.PlanPatch) (ration.Plan, error) {
	return callAs[ration.Plan](ctx, c, "UpdatePlan", actor, patch)
}

// ApplyPlans implements admin.PlanOperations.
func (c *Client) ApplyPlans(ctx context.Context, actor string, apply admin.PlansApply) ([]admin.PlanApplied, error) {
	return callAs[[]admin.PlanApplied](ctx, c, "ApplyPlans", actor, apply)
}

// DeletePlan implements admin.PlanOperations.
func (c *Client) DeletePlan(ctx context.Context, actor, name string) error {
	_, err := callAs[struct{}](ctx, c, "DeletePlan", actor, name)
	return err
}

// CreateToken implements admin.TokenOperations.
func (c *Client) CreateToken(ctx context.Context, actor string, token admin.NewToken) (admin.IssuedToken, error) {
	issued, err := callAs[issuedToken](ctx, c, "CreateToken", actor, token)
	return issued.conceal(), err
}

// ListTokens implements admin.TokenOperations.
func (c *Client) ListTokens(ctx context.Context) ([]admin.Token, error) {
	return call[[]admin.Token](ctx, c, "ListTokens", struct{}{})
}

// RevokeToken implements admin.TokenOperations.
func (c *Client) RevokeToken(ctx context.Context, actor, name string) (admin.Token, error) {
	return callAs[admin.Token](ctx, c, "RevokeToken", actor, name)
}

// ExplainKey implements admin.ExplainOperations.
func (c *Client) ExplainKey(ctx context.Context, question admin.ExplainQuestion) (admin.Explanation, error) {
	return call[admin.Explanation](ctx, c, "ExplainKey", question)
}

// Reconcile implements admin.ReconcileOperations.
func (c *Client) Reconcile(ctx context.Context, filter admin.ReconcileFilter) (admin.Reconciliation, error) {
	return call[admin.Reconciliation](ctx, c, "Reconcile", filter)
}

// UsageDays implements admin.ReportOperations.
func (c *Client) UsageDays(ctx context.Context, filter admin.UsageFilter) ([]admin.UsageDay, error) {
	return call[[]admin.UsageDay](ctx, c, "UsageDays", filter)
}

// SumUsage implements admin.ReportOperations.
func (c *Client) SumUsage(ctx context.Context, question admin.UsageQuestion) (admin.UsageReport, error) {
	return call[admin.UsageReport](ctx, c, "SumUsage", question)
}

// ListAudit implements admin.ReportOperations.
func (c *Client) ListAudit(ctx context.Context, filter admin.AuditFilter) ([]admin.AuditEntry, error) {
	return call[[]admin.AuditEntry](ctx, c, "ListAudit", filter)
}
