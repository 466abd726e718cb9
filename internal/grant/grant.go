package grant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// Administration is what a grant is a part of: [admin.Service].
type Administration interface {
	admin.Operations
	// Within returns the operations on the keys within a reach.
	Within(reach admin.Reach) *admin.Service
}

// Grant is what the holder of a service token, or of a session, may do. The zero Grant may
// do nothing.
type Grant struct {
	actor  string
	token  uuid.UUID // zero: none
	scopes []string
	reach  admin.Reach // the keys that it is narrowed to
	end    time.Time   // of the token; zero: never
}

// Of returns the grant of a token that a [admin.TokenChecker] has just checked.
func Of(token admin.Token) Grant {
	return Grant{"token:" + token.Name, token.ID, token.Scopes, admin.Reach{Owners: token.Owners, Plans: token.Plans}, token.ExpiresAt}
}

// OfSession returns the grant of a session that a [admin.SessionChecker] has just checked.
func OfSession(session admin.Session) Grant {
	return Grant{session.Actor, session.TokenID, session.Scopes, admin.Reach{Owners: session.Owners, Plans: session.Plans}, session.TokenExpiresAt}
}

// Operations returns the operations as far as the holder may use them. It names the
// holder as the actor of each change, whatever actor a caller gives, and adds the token to
// the [rationadmin.Origin] of the context. Errors besides those of the operations:
// [admin.TokenScopeError], and [admin.ErrOutOfReach] for what concerns more than the
// keys that the holder is narrowed to.
func (g Grant) Operations(of Administration) admin.Operations {
	if g.reach.IsAll() {
		return &operations{g, of}
	}
	return &operations{g, of.Within(g.reach)}
}

// Allows reports whether the holder has a scope, or one that includes it.
func (g Grant) Allows(scope string) bool {
	return slices.ContainsFunc(g.scopes, func(held string) bool { return rationadmin.ScopeIncludes(held, scope) })
}

// sessionScopes are the scopes that a session can have, the widest first.
var sessionScopes = []string{admin.ScopeAdmin, admin.ScopeKeys, admin.ScopeRead}

// lendable returns the widest scope of a session that the holder may grant.
func (g Grant) lendable() []string {
	for _, scope := range sessionScopes {
		if g.Allows(scope) {
			return []string{scope}
		}
	}
	return nil
}

// need is what an operation needs of its caller.
type need struct {
	scope string
	whole bool // it concerns more than some keys, so nobody may use it who is narrowed
}

// The needs of all operations.
var (
	readKeys    = need{scope: admin.ScopeRead}
	readAll     = need{scope: admin.ScopeRead, whole: true}
	changeKeys  = need{scope: admin.ScopeKeys}
	changeOther = need{scope: admin.ScopeAdmin, whole: true}
)

// check returns an error unless the holder has what is needed.
func (g Grant) check(n need) error {
	switch {
	case !g.Allows(n.scope):
		return &admin.TokenScopeError{Scope: n.scope}
	case n.whole && !g.reach.IsAll():
		return fmt.Errorf("%w to some keys, and this concerns more than them", admin.ErrOutOfReach)
	}
	return nil
}

// as returns the context and the actor of the holder's changes.
func (g Grant) as(ctx context.Context) (context.Context, string) {
	origin := rationadmin.OriginOf(ctx)
	origin.TokenID = g.token
	return rationadmin.WithOrigin(admin.WithCaller(ctx, g.actor), origin), g.actor
}

// read runs an operation that changes nothing, if the holder has what it needs.
func read[In, Out any](ctx context.Context, g Grant, n need, do func(context.Context, In) (Out, error), in In) (out Out, err error) {
	if err := g.check(n); err != nil {
		return out, err
	}
	return do(ctx, in)
}

// change runs an operation that changes something, if the holder has what it needs.
func change[In, Out any](ctx context.Context, g Grant, n need, do func(context.Context, string, In) (Out, error), in In) (out Out, err error) {
	if err := g.check(n); err != nil {
		return out, err
	}
	ctx, actor := g.as(ctx)
	return do(ctx, actor, in)
}
