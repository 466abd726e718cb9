package grant

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// operations are those of an administration as far as a grant goes. It embeds nothing:
// an operation that is new has no need here, and the package does not build.
type operations struct {
	grant Grant
	of    admin.Operations // within the grant's reach
}

// CreateKey implements admin.Operations.
func (o *operations) CreateKey(ctx context.Context, _ string, key admin.NewKey) (admin.IssuedSecret, error) {
	return change(ctx, o.grant, changeKeys, o.of.CreateKey, key)
}

// ListKeys implements admin.Operations.
func (o *operations) ListKeys(ctx context.Context, filter admin.KeyFilter) (admin.KeysPage, error) {
	return read(ctx, o.grant, readKeys, o.of.ListKeys, filter)
}

// ShowKey implements admin.Operations.
func (o *operations) ShowKey(ctx context.Context, id ration.KeyID) (admin.KeyStatus, error) {
	return read(ctx, o.grant, readKeys, o.of.ShowKey, id)
}

// CountUnlimited implements admin.Operations.
func (o *operations) CountUnlimited(ctx context.Context, filter admin.KeyFilter) (admin.UnlimitedKeys, error) {
	return read(ctx, o.grant, readKeys, o.of.CountUnlimited, filter)
}

// UpdateKey implements admin.Operations.
func (o *operations) UpdateKey(ctx context.Context, _ string, patch admin.KeyPatch) (admin.KeyRecord, error) {
	return change(ctx, o.grant, changeKeys, o.of.UpdateKey, patch)
}

// DisableKey implements admin.Operations.
func (o *operations) DisableKey(ctx context.Context, _ string, id ration.KeyID) (admin.KeyRecord, error) {
	return change(ctx, o.grant, changeKeys, o.of.DisableKey, id)
}

// EnableKey implements admin.Operations.
func (o *operations) EnableKey(ctx context.Context, _ string, id ration.KeyID) (admin.KeyRecord, error) {
	return change(ctx, o.grant, changeKeys, o.of.EnableKey, id)
}

// RevokeKey implements admin.Operations.
func (o *operations) RevokeKey(ctx context.Context, _ string, id ration.KeyID) (admin.KeyRecord, error) {
	return change(ctx, o.grant, changeKeys, o.of.RevokeKey, id)
}

// ResetKey implements admin.Operations.
func (o *operations) ResetKey(ctx context.Context, _ string, reset admin.KeyReset) (admin.KeyResetDone, error) {
	return change(ctx, o.grant, changeKeys, o.of.ResetKey, reset)
}

// RotateKey implements admin.Operations.
func (o *operations) RotateKey(ctx context.Context, _ string, rotation admin.Rotation) (admin.IssuedSecret, error) {
	return change(ctx, o.grant, changeKeys, o.of.RotateKey, rotation)
}

// AddSecret implements admin.Operations.
func (o *operations) AddSecret(ctx context.Context, _ string, secret admin.NewKeySecret) (admin.IssuedSecret, error) {
	return change(ctx, o.grant, changeKeys, o.of.AddSecret, secret)
}

// RevokeSecret implements admin.Operations.
func (o *operations) RevokeSecret(ctx context.Context, _ string, secret admin.KeySecret) (admin.KeyRecord, error) {
	return change(ctx, o.grant, changeKeys, o.of.RevokeSecret, secret)
}

// ListKeyRequests implements admin.Operations.
func (o *operations) ListKeyRequests(ctx context.Context, filter admin.KeyRequestFilter) ([]admin.KeyRequest, error) {
	return read(ctx, o.grant, readKeys, o.of.ListKeyRequests, filter)
}

// ShowKeyRequest implements admin.Operations.
func (o *operations) ShowKeyRequest(ctx context.Context, id ration.KeyID) (admin.KeyRequest, error) {
	return read(ctx, o.grant, readKeys, o.of.ShowKeyRequest, id)
}

// ApproveKey implements admin.Operations.
func (o *operations) ApproveKey(ctx context.Context, _ string, approval admin.KeyApproval) (admin.KeyRecord, error) {
	return change(ctx, o.grant, changeKeys, o.of.ApproveKey, approval)
}

// RejectKey implements admin.Operations.
func (o *operations) RejectKey(ctx context.Context, _ string, rejection admin.KeyRejection) (admin.KeyRecord, error) {
	return change(ctx, o.grant, changeKeys, o.of.RejectKey, rejection)
}

// CreatePickup implements admin.Operations.
func (o *operations) CreatePickup(ctx context.Context, _ string, pickup admin.NewPickup) (admin.IssuedPickup, error) {
	return change(ctx, o.grant, changeKeys, o.of.CreatePickup, pickup)
}

// ChangeKeys implements admin.Operations. A dry run needs the same scope: it is the
// first half of a change.
func (o *operations) ChangeKeys(ctx context.Context, _ string, changes admin.KeysChange) (admin.KeysChanged, error) {
	return change(ctx, o.grant, changeKeys, o.of.ChangeKeys, changes)
}

// ImportKeys implements admin.Operations.
func (o *operations) ImportKeys(ctx context.Context, _ string, keys admin.KeysImport) (admin.KeysImported, error) {
	return change(ctx, o.grant, changeKeys, o.of.ImportKeys, keys)
}

// FindKeys implements admin.Operations. It belongs to imports: whoever only reads has
// no use for an answer to guesses of secrets.
func (o *operations) FindKeys(ctx context.Context, secrets []ration.Secret) ([]ration.KeyID, error) {
	return read(ctx, o.grant, changeKeys, o.of.FindKeys, secrets)
}

// ImportUsage implements admin.Operations.
func (o *operations) ImportUsage(ctx context.Context, _ string, usage admin.UsageImport) (admin.UsageImported, error) {
	return change(ctx, o.grant, changeKeys, o.of.ImportUsage, usage)
}

// StartJob implements admin.Operations. A job does what ChangeKeys and imports do.
func (o *operations) StartJob(ctx context.Context, _ string, job admin.NewJob) (admin.Job, error) {
	return change(ctx, o.grant, changeKeys, o.of.StartJob, job)
}

// ShowJob implements admin.Operations. A narrowed token sees its own jobs.
func (o *operations) ShowJob(ctx context.Context, id uuid.UUID) (admin.Job, error) {
	ctx, _ = o.grant.as(ctx)
	return read(ctx, o.grant, readKeys, o.of.ShowJob, id)
}

// ListJobs implements admin.Operations. A narrowed token sees its own jobs.
func (o *operations) ListJobs(ctx context.Context, filter admin.JobFilter) ([]admin.Job, error) {
	ctx, _ = o.grant.as(ctx)
	return read(ctx, o.grant, readKeys, o.of.ListJobs, filter)
}

// CancelJob implements admin.Operations. A narrowed token cancels its own jobs.
func (o *operations) CancelJob(ctx context.Context, _ string, id uuid.UUID) (admin.Job, error) {
	return change(ctx, o.grant, changeKeys, o.of.CancelJob, id)
}

// ListReservations implements admin.Operations.
func (o *operations) ListReservations(ctx context.Context, filter admin.ReservationFilter) ([]ration.Reservation, error) {
	return read(ctx, o.grant, readKeys, o.of.ListReservations, filter)
}

// CreateLoginLink implements admin.Operations. Whoever makes a link lends what they hold, or
// less of it. It is a change, so nobody makes one who only reads.
func (o *operations) CreateLoginLink(ctx context.Context, _ string, link admin.NewLoginLink) (admin.IssuedLoginLink, error) {
	if err := o.grant.check(changeKeys); err != nil {
		return admin.IssuedLoginLink{}, err
	}
	if len(link.Scopes) == 0 {
		link.Scopes = o.grant.lendable()
	}
	for _, scope := range link.Scopes {
		if slices.Contains(sessionScopes, scope) && !o.grant.Allows(scope) {
			return admin.IssuedLoginLink{}, &admin.TokenScopeError{Scope: scope}
		}
	}
	return change(ctx, o.grant, changeKeys, o.of.CreateLoginLink, link)
}

// UsageDays implements admin.Operations.
func (o *operations) UsageDays(ctx context.Context, filter admin.UsageFilter) ([]admin.UsageDay, error) {
	return read(ctx, o.grant, readKeys, o.of.UsageDays, filter)
}

// SumUsage implements admin.Operations.
func (o *operations) SumUsage(ctx context.Context, question admin.UsageQuestion) (admin.UsageReport, error) {
	return read(ctx, o.grant, readKeys, o.of.SumUsage, question)
}

// Summary implements admin.Operations.
func (o *operations) Summary(ctx context.Context, question admin.SummaryQuestion) (admin.Summary, error) {
	return read(ctx, o.grant, readKeys, o.of.Summary, question)
}

// ListAudit implements admin.Operations. A narrowed token sees the changes of one of
// its keys at a time.
func (o *operations) ListAudit(ctx context.Context, filter admin.AuditFilter) ([]admin.AuditEntry, error) {
	return read(ctx, o.grant, readKeys, o.of.ListAudit, filter)
}

// ExplainKey implements admin.Operations.
func (o *operations) ExplainKey(ctx context.Context, question admin.ExplainQuestion) (admin.Explanation, error) {
	return read(ctx, o.grant, readKeys, o.of.ExplainKey, question)
}

// Reconcile implements admin.Operations. A narrowed token reconciles one of its keys
// at a time.
func (o *operations) Reconcile(ctx context.Context, filter admin.ReconcileFilter) (admin.Reconciliation, error) {
	return read(ctx, o.grant, readKeys, o.of.Reconcile, filter)
}
