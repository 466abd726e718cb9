// Package rationadmin administers keys, plans and tokens from a Go program that
// embeds Ration. Programs in other languages, and people, use the ration
// command instead.
//
// A program that has an SQLite file open has it to itself; with [Serve] the
// ration command reaches it all the same.
package rationadmin

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
)

// Operations is everything that can be administered, with the errors of each.
type Operations = admin.Operations

// Service is the operations on a store; make it with [New].
type Service = admin.Service

// Store is what both stores are.
type Store = admin.Store

type (
	// Config says how secrets are made and kept.
	Config = admin.Config
	// NewKey is a key to be created.
	NewKey = admin.NewKey
	// KeyPatch is what to change of a key.
	KeyPatch = admin.KeyPatch
	// KeysChange is one change of all the keys that match a filter.
	KeysChange = admin.KeysChange
	// KeysChanged is what became of them.
	KeysChanged = admin.KeysChanged
	// KeyAction is what to do with keys.
	KeyAction = admin.KeyAction
	// KeyFilter selects keys.
	KeyFilter = admin.KeyFilter
	// Unlimited selects keys that have no limit.
	Unlimited = admin.Unlimited
	// UnlimitedKeys is how many keys have no limit, and the first of them.
	UnlimitedKeys = admin.UnlimitedKeys
	// NoLimit is when a key has no limit.
	NoLimit = admin.NoLimit
	// KeyRecord is a key with its secrets' states and overrides.
	KeyRecord = admin.KeyRecord
	// KeyStatus is a key and what remains of its limits.
	KeyStatus = admin.KeyStatus
	// MeterUsage is what a key has used on a meter, ever and in the periods that run.
	MeterUsage = admin.MeterUsage
	// Rotation replaces the secrets of one label by a new one.
	Rotation = admin.Rotation
	// IssuedSecret is a key with a secret that was just made.
	IssuedSecret = admin.IssuedSecret
	// NewPlan is a plan to be created.
	NewPlan = admin.NewPlan
	// PlanPatch is what to change of a plan.
	PlanPatch = admin.PlanPatch
	// NewToken is a service token to be created.
	NewToken = admin.NewToken
	// IssuedToken is a service token that was just made.
	IssuedToken = admin.IssuedToken
	// Token is a service token.
	Token = admin.Token
	// UsageFilter selects history.
	UsageFilter = admin.UsageFilter
	// UsageDay is one local day of a key on a meter.
	UsageDay = admin.UsageDay
	// AuditFilter selects entries of the audit log.
	AuditFilter = admin.AuditFilter
	// AuditEntry says who changed what.
	AuditEntry = admin.AuditEntry
)

// What can be done with many keys.
const (
	ActionUpdate  = admin.ActionUpdate
	ActionDisable = admin.ActionDisable
	ActionEnable  = admin.ActionEnable
	ActionRevoke  = admin.ActionRevoke
)

// How to select keys that have no limit, or will have none when a temporary one ends.
const (
	UnlimitedAny      = admin.UnlimitedAny
	UnlimitedMarked   = admin.UnlimitedMarked
	UnlimitedUnmarked = admin.UnlimitedUnmarked
)

// ChangeAllKeys makes a change of all keys that match, in chunks of at most 500,
// so that charges go on in between. With an error it also returns what was done
// before; making the same change again goes on with the rest.
func ChangeAllKeys(ctx context.Context, operations Operations, actor string, change KeysChange) (KeysChanged, error) {
	return admin.ChangeAllKeys(ctx, operations, actor, change)
}

// New returns the operations on a store, such as that of [sqlite.Open] or
// [postgres.Open]. Prefix and pepper must be those of the engine. It is safe
// for concurrent use.
//
// [sqlite.Open]: https://pkg.go.dev/github.com/ration-dev/ration/sqlite#Open
// [postgres.Open]: https://pkg.go.dev/github.com/ration-dev/ration/postgres#Open
func New(store Store, config Config) *Service { return admin.New(store, config) }

// Serve lets the ration command administer an SQLite file that this process has
// open: it answers on a unix socket beside the file, which only this process's
// user may use, until ctx ends. Call it after the store was opened, and let it
// return before the store is closed.
func Serve(ctx context.Context, databasePath string, operations Operations) error {
	listener, err := adminsock.Listen(ctx, databasePath)
	if err != nil {
		return fmt.Errorf("serving administration: %w", err)
	}
	return adminsock.Serve(ctx, listener, operations)
}
