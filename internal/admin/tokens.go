package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
)

// tokenPrefix follows the secret prefix in a token, so that nobody takes one
// for a key's secret.
const tokenPrefix = "_token"

// CreateToken creates a service token. Errors: ErrExists if a token in use has the
// name; ErrNotFound for an unknown plan.
func (s *Service) CreateToken(ctx context.Context, actor string, token NewToken) (IssuedToken, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validateText("name", token.Name, 1, MaxTextLength)); err != nil {
		return IssuedToken{}, err
	}
	if token, err = normalizeToken(token); err != nil {
		return IssuedToken{}, err
	}
	if err := s.store.CheckOnce(ctx); err != nil { // before the plans and the clock are asked, which go on
		return IssuedToken{}, err
	}
	if err := s.validateTokenEnd(ctx, token.ExpiresAt); err != nil {
		return IssuedToken{}, err
	}
	for _, plan := range token.Plans {
		if _, err := s.store.Plan(ctx, plan); err != nil {
			return IssuedToken{}, named(planNamed(plan), err)
		}
	}
	secret := NewTokenSecret(s.config.SecretPrefix)
	record := recordOfToken(token, secret)
	audit, err := by.auditToken(record)
	if err != nil {
		return IssuedToken{}, err
	}
	issue := func(token Token) IssuedToken { return IssuedToken{Token: token, Secret: secret} }
	created, err := s.store.CreateToken(Answering(ctx, issue), record, secret.Digest(s.config.Pepper), audit)
	if errors.Is(err, ration.ErrExists) {
		return IssuedToken{}, fmt.Errorf("token %q: %w", token.Name, ration.ErrExists)
	}
	return issue(created), err
}

// ListTokens returns tokens, the revoked ones too.
func (s *Service) ListTokens(ctx context.Context, filter TokenFilter) ([]Token, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	return s.store.ListTokens(ctx, filter)
}

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

// tokenTargetPrefix begins what the audit log calls a token.
const tokenTargetPrefix = "token:"

func tokenTarget(name string) string { return tokenTargetPrefix + name }
