package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// TokenQuery is a part of the list of service tokens. Their orders are "created_at", "name"
// and the reverse of them.
type TokenQuery struct{ Paging }

// Values returns the parameters of the request.
func (q TokenQuery) Values() url.Values { return q.parameters() }

// ListTokens returns one page of service tokens, revoked ones too.
func (a *Admin) ListTokens(ctx context.Context, query TokenQuery) (api.Page[api.Token], error) {
	return list[api.Token](ctx, a, "/tokens", query.Values())
}

// Tokens returns all of them, page by page. The sequence ends after an error.
func (a *Admin) Tokens(ctx context.Context, query TokenQuery) iter.Seq2[api.Token, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.Token], error) {
		query.Cursor = cursor
		return a.ListTokens(ctx, query)
	})
}

// CreateToken creates a service token. The answer has its secret, which can't be shown
// again. It can't grant more than the token that makes it.
func (a *Admin) CreateToken(ctx context.Context, token api.NewToken) (api.IssuedToken, error) {
	return once[api.IssuedToken](ctx, a, "/tokens", token)
}

// RevokeToken revokes the token in use that has a name.
func (a *Admin) RevokeToken(ctx context.Context, name string) (api.Token, error) {
	return change[api.Token](ctx, a, http.MethodDelete, "/tokens/"+url.PathEscape(name), nil)
}
