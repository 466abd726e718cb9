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

// What the operations take and return.
type (
	Config       = admin.Config
	NewKey       = admin.NewKey
	KeyPatch     = admin.KeyPatch
	KeyFilter    = admin.KeyFilter
	KeyRecord    = admin.KeyRecord
	KeyStatus    = admin.KeyStatus
	Rotation     = admin.Rotation
	IssuedSecret = admin.IssuedSecret
	NewPlan      = admin.NewPlan
	PlanPatch    = admin.PlanPatch
	NewToken     = admin.NewToken
	IssuedToken  = admin.IssuedToken
	Token        = admin.Token
	UsageFilter  = admin.UsageFilter
	UsageDay     = admin.UsageDay
	AuditFilter  = admin.AuditFilter
	AuditEntry   = admin.AuditEntry
)

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
