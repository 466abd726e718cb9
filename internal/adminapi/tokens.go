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

type listTokensInput struct {
	Sort string `query:"sort" enum:"created_at,-created_at,name,-name" default:"created_at" doc:"The order: by creation or name; with - reversed."`
	Paging
}

func listTokens(ctx context.Context, c Caller, in *listTokensInput) (*reply[api.Page[api.Token]], error) {
	filter := rationadmin.TokenFilter{ByName: in.Sort == "name" || in.Sort == "-name", Descending: in.Sort[0] == '-'}
	tokens := list[rationadmin.Token, api.Token, rationadmin.TokenPosition]{
		name: wire.ListOfTokens, show: wire.Tokens, place: (*rationadmin.Token).Position,
		find: func(ctx context.Context, after rationadmin.TokenPosition, most int) ([]rationadmin.Token, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.ListTokens(ctx, filter)
		},
	}
	return tokens.page(ctx, in.Paging)
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
