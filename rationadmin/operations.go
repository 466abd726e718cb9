package rationadmin

import (
	"context"

	"github.com/ration-dev/ration"
)

// Operations is everything that can be administered. [New] does it on a store. Every
// change names its actor, such as "billing": 1 to 200 characters that the audit log
// keeps. All methods are safe for concurrent use. What they return may be changed.
//
// Errors, by errors.Is and errors.As: [ration.InvalidError] for input that can't
// be right, [ration.ErrNotFound], [ration.ErrExists], [ration.ErrConflict],
// [ration.ErrStoreUnavailable], and [ration.ErrOutcomeUnknown] if the database was
// lost so that nobody can tell whether a change was made. A change that returns
// another error changed nothing.
type Operations interface {
	// CreateKey creates an active key with one secret. Error: ErrNotFound for an
	// unknown plan.
	CreateKey(ctx context.Context, actor string, key NewKey) (IssuedSecret, error)
	// ListKeys returns the keys that match, in the order of their creation.
	ListKeys(ctx context.Context, filter KeyFilter) ([]KeyRecord, error)
	// ShowKey returns a key with its limits and what remains of them: of a key that
	// may not be used, what would remain. Error: ErrNotFound.
	ShowKey(ctx context.Context, id ration.KeyID) (KeyStatus, error)
	// CountUnlimited counts the keys that match and have no limit, now or when a
	// temporary one ends. Without Unlimited in the filter it counts those of
	// [UnlimitedAny]; its Limit does not matter.
	CountUnlimited(ctx context.Context, filter KeyFilter) (UnlimitedKeys, error)
	// UpdateKey changes a key. A patch that changes nothing writes nothing. Errors:
	// ErrNotFound for an unknown key or plan.
	UpdateKey(ctx context.Context, actor string, patch KeyPatch) (KeyRecord, error)
	// DisableKey refuses the key's charges until it is enabled again. Errors:
	// ErrNotFound; ErrConflict for a key that was revoked or rejected.
	DisableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)
	// EnableKey undoes DisableKey. Errors as for it.
	EnableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)
	// RevokeKey ends a key for good; its history stays. Error: ErrNotFound.
	RevokeKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)

	// RotateKey makes a new secret and ends those of the same label that still hold,
	// after the overlap. Errors: ErrNotFound; ErrConflict for a key that is revoked
	// or rejected.
	RotateKey(ctx context.Context, actor string, rotation Rotation) (IssuedSecret, error)
	// AddSecret gives a key a further secret. All secrets of a key share its limits
	// and its usage. Errors: ErrNotFound; ErrExists if a secret in use has the label;
	// ErrConflict for a key that is revoked or rejected, or has the most secrets.
	AddSecret(ctx context.Context, actor string, secret NewKeySecret) (IssuedSecret, error)
	// RevokeSecret ends one secret of a key at once. Error: ErrNotFound.
	RevokeSecret(ctx context.Context, actor string, secret KeySecret) (KeyRecord, error)

	// ChangeKeys changes the next chunk of keys that match, in one transaction, each
	// with an audit entry of its own. Keys to which the action can't be done are
	// skipped and counted. [ChangeAllKeys] goes on until none is left. Error:
	// ErrNotFound for an unknown plan.
	ChangeKeys(ctx context.Context, actor string, change KeysChange) (KeysChanged, error)

	// ImportKeys creates keys with the secrets that they have, in one transaction.
	// Keys whose secret is known already are left as they are, so that an import that
	// was cut short can be made again. Errors: ErrNotFound for an unknown plan;
	// ErrExists if somebody else created a key with one of the secrets at the same moment.
	ImportKeys(ctx context.Context, actor string, keys KeysImport) (KeysImported, error)
	// FindKeys returns to which keys secrets lead, in their order; the zero id for
	// an unknown one. At most [MaxKeysAtOnce].
	FindKeys(ctx context.Context, secrets []ration.Secret) ([]ration.KeyID, error)
	// ImportUsage raises days of keys to at least what was counted elsewhere, in one
	// transaction. Errors: ErrNotFound for an unknown key; ErrClockSuspect while the
	// clock is in doubt.
	ImportUsage(ctx context.Context, actor string, usage UsageImport) (UsageImported, error)

	// CreatePlan creates a plan. Error: ErrExists.
	CreatePlan(ctx context.Context, actor string, plan NewPlan) (ration.Plan, error)
	// ListPlans returns all plans by name.
	ListPlans(ctx context.Context) ([]ration.Plan, error)
	// ShowPlan returns a plan. Error: ErrNotFound.
	ShowPlan(ctx context.Context, name string) (ration.Plan, error)
	// UpdatePlan changes a plan for every decision that starts after it returns.
	// Error: ErrNotFound.
	UpdatePlan(ctx context.Context, actor string, patch PlanPatch) (ration.Plan, error)
	// DeletePlan deletes a plan that no key has. Errors: ErrNotFound; ErrConflict if a
	// key has it.
	DeletePlan(ctx context.Context, actor string, name string) error

	// CreateToken creates a service token. Error: ErrExists if a token in use has the
	// name.
	CreateToken(ctx context.Context, actor string, token NewToken) (IssuedToken, error)
	// ListTokens returns all tokens, the revoked ones too, in the order of their creation.
	ListTokens(ctx context.Context) ([]Token, error)
	// RevokeToken ends the token of a name. Error: ErrNotFound if none in use has it.
	RevokeToken(ctx context.Context, actor string, name string) (Token, error)

	// UsageDays returns what was used by key, meter and local day, ordered by date.
	// Every key's days are those of its own time zone.
	UsageDays(ctx context.Context, filter UsageFilter) ([]UsageDay, error)
	// ListAudit returns the audit log, newest entries first.
	ListAudit(ctx context.Context, filter AuditFilter) ([]AuditEntry, error)
	// ExplainKey says what each limit of a key would say to a charge, and why. It
	// charges nothing. Error: ErrNotFound.
	ExplainKey(ctx context.Context, question ExplainQuestion) (Explanation, error)
	// Reconcile adds up the request log of keys and compares it with what is counted.
	// It changes nothing.
	Reconcile(ctx context.Context, filter ReconcileFilter) (Reconciliation, error)

	// Diagnose makes all checks of the database: each is a finding, also where all is
	// well. An error means that a check could not be made.
	Diagnose(ctx context.Context, options DiagnoseOptions) ([]Finding, error)
	// RepairUsage puts right the next keys that a clock from the future has used, after
	// one; the zero id begins. Error: ErrClockSuspect while the clock is in doubt.
	RepairUsage(ctx context.Context, actor string, after ration.KeyID) (UsageRepaired, error)
	// Backup writes a copy of the database, as it is at one instant, to a new file
	// on the machine that has it open. The path is absolute. Errors: [ErrNoBackup],
	// and those of the file system.
	Backup(ctx context.Context, path string) error
}
