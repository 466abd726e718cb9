package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

var tokenScopes = []string{ScopeAdmin, ScopeRead, ScopeVerify}

// tokenPrefix follows the secret prefix in a token, so that nobody takes one
// for a key's secret.
const tokenPrefix = "_token"

// CreateToken creates a service token. Error: ErrExists if a token in use has
// the name.
func (s *Service) CreateToken(ctx context.Context, actor string, token NewToken) (IssuedToken, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validateText("name", token.Name, 1, MaxTextLength)); err != nil {
		return IssuedToken{}, err
	}
	scopes, err := normalizeTokenScopes(token.Scopes)
	if err != nil {
		return IssuedToken{}, err
	}
	if err := s.validateTokenEnd(ctx, token.ExpiresAt); err != nil {
		return IssuedToken{}, err
	}
	secret := ration.NewSecret(s.config.SecretPrefix + tokenPrefix)
	start, end := secret.Ends()
	record := Token{
		ID: uuid.Must(uuid.NewV7()), Name: token.Name, Scopes: scopes, Start: start, End: end,
		ExpiresAt: toStored(token.ExpiresAt),
	}
	details := fields{"name": token.Name, "scopes": scopes}
	details.add("expires_at", record.ExpiresAt, !record.ExpiresAt.IsZero())
	audit, err := by.audit("token.create", tokenTarget(token.Name), nil, details)
	if err != nil {
		return IssuedToken{}, err
	}
	created, err := s.store.CreateToken(ctx, record, secret.Digest(s.config.Pepper), audit)
	if errors.Is(err, ration.ErrExists) {
		return IssuedToken{}, fmt.Errorf("token %q: %w", token.Name, ration.ErrExists)
	}
	return IssuedToken{Token: created, Secret: secret}, err
}

// ListTokens returns all tokens, the revoked ones too, in the order of their
// creation.
func (s *Service) ListTokens(ctx context.Context) ([]Token, error) { return s.store.ListTokens(ctx) }

// RevokeToken ends the token in use that has the name. Error: ErrNotFound.
func (s *Service) RevokeToken(ctx context.Context, actor, name string) (Token, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validateText("name", name, 1, MaxTextLength)); err != nil {
		return Token{}, err
	}
	audit, err := by.auditEnd("token.revoke", tokenTarget(name))
	if err != nil {
		return Token{}, err
	}
	token, err := s.store.RevokeToken(ctx, name, audit)
	return token, named(fmt.Sprintf("token %q", name), err)
}

// validateTokenEnd checks an expiry by the clock that will judge it, the store's.
func (s *Service) validateTokenEnd(ctx context.Context, end time.Time) error {
	if end.IsZero() {
		return nil
	}
	_, now, err := s.store.TokensByDigest(ctx, nil) // for the time
	if err != nil {
		return err
	}
	return validateEnd("expires_at", end, now)
}

func normalizeTokenScopes(scopes []string) ([]string, error) {
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	for _, scope := range scopes {
		if !slices.Contains(tokenScopes, scope) {
			return nil, &ration.InvalidError{Field: "scopes", Value: scope, Reason: "a token's scopes are verify, read and admin"}
		}
	}
	if len(scopes) == 0 {
		return nil, &ration.InvalidError{Field: "scopes", Reason: "name at least one of verify, read and admin"}
	}
	return scopes, nil
}

// tokenTargetPrefix begins what the audit log calls a token.
const tokenTargetPrefix = "token:"

func tokenTarget(name string) string { return tokenTargetPrefix + name }
