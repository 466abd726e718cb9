package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// ListTokens returns all service tokens, revoked ones too.
func (a *Admin) ListTokens(ctx context.Context) ([]api.Token, error) {
	page, err := read[api.Page[api.Token]](ctx, a, "/tokens", nil)
	return page.Items, err
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
