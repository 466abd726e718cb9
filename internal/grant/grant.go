package grant

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// Administration is what a grant is a part of: [admin.Service].
type Administration interface {
	admin.Operations
	// Within returns the operations on the keys within a reach.
	Within(reach admin.Reach) *admin.Service
}

// Grant is what a valid service token may do. The zero Grant may do nothing.
type Grant struct{ token admin.Token }

// Of returns the grant of a token that a [admin.TokenChecker] has just checked.
func Of(token admin.Token) Grant { return Grant{token} }

// Operations returns the operations as far as the token may use them. It names itself
// as the actor of each change, whatever actor a caller gives, and adds the token to
// the [rationadmin.Origin] of the context. Errors besides those of the operations:
// [admin.TokenScopeError], and [admin.ErrOutOfReach] for what concerns more than the
// keys that the token is narrowed to.
func (g Grant) Operations(of Administration) admin.Operations {
	reach := g.reach()
	if reach.IsAll() {
		return &operations{g, of}
	}
	return &operations{g, of.Within(reach)}
}

// reach is the keys that the token is narrowed to.
func (g Grant) reach() admin.Reach { return admin.Reach{Owners: g.token.Owners, Plans: g.token.Plans} }

// need is what an operation needs of a token.
type need struct {
	scope string
	whole bool // it concerns more than some keys, so no narrowed token may use it
}

// The needs of all operations.
var (
	readKeys    = need{scope: admin.ScopeRead}
	readAll     = need{scope: admin.ScopeRead, whole: true}
	changeKeys  = need{scope: admin.ScopeKeys}
	changeOther = need{scope: admin.ScopeAdmin, whole: true}
)

// check returns an error unless the token has what is needed.
func (g Grant) check(n need) error {
	switch {
	case !g.token.Allows(n.scope):
		return &admin.TokenScopeError{Scope: n.scope}
	case n.whole && !g.reach().IsAll():
		return fmt.Errorf("%w to some keys, and this concerns more than them", admin.ErrOutOfReach)
	}
	return nil
}

// as returns the context and the actor of a change with the token.
func (g Grant) as(ctx context.Context) (context.Context, string) {
	origin := rationadmin.OriginOf(ctx)
	origin.TokenID = g.token.ID
	return rationadmin.WithOrigin(ctx, origin), "token:" + g.token.Name
}

// read runs an operation that changes nothing, if the token has what it needs.
func read[In, Out any](ctx context.Context, g Grant, n need, do func(context.Context, In) (Out, error), in In) (out Out, err error) {
	if err := g.check(n); err != nil {
		return out, err
	}
	return do(ctx, in)
}

// change runs an operation that changes something, if the token has what it needs.
func change[In, Out any](ctx context.Context, g Grant, n need, do func(context.Context, string, In) (Out, error), in In) (out Out, err error) {
	if err := g.check(n); err != nil {
		return out, err
	}
	ctx, actor := g.as(ctx)
	return do(ctx, actor, in)
}
