package adminapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagTokens = "tokens"

func (a *API) registerTokens() {
	register(a, operation{
		id: "listTokens", method: http.MethodGet, path: "/tokens", tag: tagTokens, scope: scopeAdmin,
		summary: "List service tokens, revoked ones too",
	}, listTokens)
	register(a, operation{
		id: "createToken", method: http.MethodPost, path: "/tokens", tag: tagTokens, scope: scopeAdmin, status: http.StatusCreated,
		summary: "Create a service token", about: "The answer has the token, which can't be shown again. It can't grant more than the token that makes it.",
		errors: repeatable, example: api.NewToken{Name: "sign-up", Scopes: []string{"keys"}, Plans: []string{"free"}},
	}, createToken)
	register(a, operation{
		id: "revokeToken", method: http.MethodDelete, path: "/tokens/{name}", tag: tagTokens, scope: scopeAdmin,
		summary: "Revoke a service token for ever",
	}, revokeToken)
}

func listTokens(ctx context.Context, c Caller, _ *struct{}) (*reply[api.Page[api.Token]], error) {
	tokens, err := c.Operations.ListTokens(ctx)
	return replyWith(api.Page[api.Token]{Items: wire.Tokens(tokens)}, err)
}

type createTokenInput struct {
	Repeatable
	Body api.NewToken
}

type createdToken struct {
	Replayable
	Location string `header:"Location" doc:"Where it is revoked."`
	Body     api.IssuedToken
}

func createToken(ctx context.Context, c Caller, in *createTokenInput) (*createdToken, error) {
	token := rationadmin.NewToken{Name: in.Body.Name, Scopes: in.Body.Scopes, Owners: in.Body.Owners, Plans: in.Body.Plans, ExpiresAt: instant(in.Body.ExpiresAt)}
	return once(ctx, c, in.Repeatable, func(ctx context.Context) (rationadmin.IssuedToken, error) {
		return c.Operations.CreateToken(ctx, c.Actor, token)
	}, func(issued rationadmin.IssuedToken) *createdToken {
		return &createdToken{Location: Prefix + "/tokens/" + url.PathEscape(issued.Token.Name), Body: wire.IssuedToken(issued)}
	})
}

func revokeToken(ctx context.Context, c Caller, in *ByName) (*reply[api.Token], error) {
	token, err := c.Operations.RevokeToken(ctx, c.Actor, in.Name)
	if err != nil {
		return nil, err
	}
	return replyWith(wire.Token(token), nil)
}
