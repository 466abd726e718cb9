package admin

import (
	"context"

	"github.com/ration-dev/ration"
)

// Operations is everything that can be administered. [Service] does it in this
// process; package adminsock reaches the process that has the database open.
// Every change names its actor. All methods are safe for concurrent use.
//
// Errors, by errors.Is and errors.As: [ration.InvalidError] for input that can't
// be right, [ration.ErrNotFound], [ration.ErrExists], [ration.ErrConflict], and
// [ration.ErrStoreUnavailable]. A change that returns an error changed nothing.
type Operations interface {
	KeyOperations
	BulkOperations
	ImportOperations
	PlanOperations
	TokenOperations
	ReportOperations
	DoctorOperations
	BackupOperations
	ExplainOperations
	ReconcileOperations
}

// KeyOperations administers keys.
type KeyOperations interface {
	CreateKey(ctx context.Context, actor string, key NewKey) (IssuedSecret, error)
	ListKeys(ctx context.Context, filter KeyFilter) ([]KeyRecord, error)
	ShowKey(ctx context.Context, id ration.KeyID) (KeyStatus, error)
	CountUnlimited(ctx context.Context, filter KeyFilter) (UnlimitedKeys, error)
	UpdateKey(ctx context.Context, actor string, patch KeyPatch) (KeyRecord, error)
	RotateKey(ctx context.Context, actor string, rotation Rotation) (IssuedSecret, error)
	AddSecret(ctx context.Context, actor string, secret NewKeySecret) (IssuedSecret, error)
	RevokeSecret(ctx context.Context, actor string, secret KeySecret) (KeyRecord, error)
	DisableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)
	EnableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)
	RevokeKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)
}

// BulkOperations administers many keys at once.
type BulkOperations interface {
	ChangeKeys(ctx context.Context, actor string, change KeysChange) (KeysChanged, error)
}

// PlanOperations administers plans.
type PlanOperations interface {
	CreatePlan(ctx context.Context, actor string, plan NewPlan) (ration.Plan, error)
	ListPlans(ctx context.Context) ([]ration.Plan, error)
	ShowPlan(ctx context.Context, name string) (ration.Plan, error)
	UpdatePlan(ctx context.Context, actor string, patch PlanPatch) (ration.Plan, error)
	DeletePlan(ctx context.Context, actor string, name string) error
}

// TokenOperations administers service tokens.
type TokenOperations interface {
	CreateToken(ctx context.Context, actor string, token NewToken) (IssuedToken, error)
	ListTokens(ctx context.Context) ([]Token, error)
	RevokeToken(ctx context.Context, actor string, name string) (Token, error)
}

// ReportOperations reads what was counted and what was changed.
type ReportOperations interface {
	UsageDays(ctx context.Context, filter UsageFilter) ([]UsageDay, error)
	ListAudit(ctx context.Context, filter AuditFilter) ([]AuditEntry, error)
}

// Config says how secrets are made and kept.
type Config struct {
	SecretPrefix string // of new secrets; empty: [ration.DefaultSecretPrefix]
	Pepper       []byte // server-side key of digests; empty: none
}

// Service is the operations on a store.
type Service struct {
	store  Store
	config Config
}

var _ Operations = (*Service)(nil)

// New makes the operations on a store. The prefix is one that
// [ration.ValidateSecretPrefix] accepts.
func New(store Store, config Config) *Service {
	if config.SecretPrefix == "" {
		config.SecretPrefix = ration.DefaultSecretPrefix
	}
	return &Service{store: store, config: config}
}
