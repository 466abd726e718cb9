package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// bootstrapName is the name of the first token, and of whoever makes it.
const bootstrapName = "bootstrap"

// NewTokenSecret returns the secret of a token to be, with the prefix of secrets.
func NewTokenSecret(prefix string) ration.Secret { return ration.NewSecret(prefix + tokenPrefix) }

// CheckTokenSecret returns an error unless [NewTokenSecret] made a secret, with any
// prefix: one that a person chose could be guessed. The error doesn't show it.
func CheckTokenSecret(secret ration.Secret) error {
	text := secret.Reveal()
	if end := strings.LastIndexByte(text, '_'); secret.Generated() && len(text) <= ration.MaxSecretLength && strings.HasSuffix(text[:end], tokenPrefix) {
		return nil
	}
	return &ration.InvalidError{Field: "bootstrap_token", Reason: "Ration did not make this token, or it was cut off; use one that 'ration tokens generate' prints"}
}

// Bootstrap makes the first token of scope admin, of a secret that the operator has
// given: see [CheckTokenSecret]. If there is or was a token with that scope, revoked or
// not, it makes none and returns false. Of several instances at once, one makes it.
// Error: ErrExists if the name or the secret belongs to another token.
func (s *Service) Bootstrap(ctx context.Context, secret ration.Secret) (made bool, err error) {
	if err := CheckTokenSecret(secret); err != nil {
		return false, err
	}
	by, err := authorOf(ctx, bootstrapName)
	if err != nil {
		return false, err
	}
	record := recordOfToken(NewToken{Name: bootstrapName, Scopes: []string{ScopeAdmin}}, secret)
	audit, err := by.auditToken(record)
	if err != nil {
		return false, err
	}
	made, err = s.store.CreateFirstToken(ctx, record, secret.Digest(s.config.Pepper), audit)
	if !errors.Is(err, ration.ErrExists) {
		return made, err
	}
	tokens, err := s.store.ListTokens(ctx, TokenFilter{}) // another instance may have been faster
	if err == nil && !HasAdmin(tokens) {
		err = fmt.Errorf("the bootstrap token can't be made: %w; revoke the token with the name %s, or use another secret", ration.ErrExists, bootstrapName)
	}
	return false, err
}

// HasAdmin reports whether one of some tokens has the scope admin, revoked or not.
func HasAdmin(tokens []Token) bool {
	return slices.ContainsFunc(tokens, func(t Token) bool { return slices.Contains(t.Scopes, ScopeAdmin) })
}
