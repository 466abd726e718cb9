package wire

import (
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Token returns a service token.
func Token(token admin.Token) api.Token {
	return api.Token{
		ID: token.ID.String(), Name: token.Name, Scopes: list(token.Scopes), Owners: list(token.Owners), Plans: list(token.Plans), Start: token.Start, End: token.End,
		CreatedAt: token.CreatedAt.UTC(), ExpiresAt: instant(token.ExpiresAt), RevokedAt: instant(token.RevokedAt), LastUsed: instant(token.LastUsedAt),
	}
}

// Tokens returns service tokens.
func Tokens(tokens []admin.Token) []api.Token { return convert(tokens, Token) }

// IssuedToken returns a new service token in plain text.
func IssuedToken(issued admin.IssuedToken) api.IssuedToken {
	return api.IssuedToken{Token: Token(issued.Token), Secret: issued.Secret.Reveal()}
}
