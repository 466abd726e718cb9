package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/groupcommit"
)

// ErrTokenInvalid means that there is no such token, or that it has ended or is
// revoked. It does not say which.
var ErrTokenInvalid = errors.New("the service token is not valid")

// TokenScopeError means that a token is valid, but has no scope that includes the one
// that is needed.
type TokenScopeError struct{ Scope string }

// Error implements error.
func (e *TokenScopeError) Error() string {
	return fmt.Sprintf("the service token lacks the scope %q", e.Scope)
}

// TokenChecker checks service tokens. Checks that come while a read is under way wait
// for the next read and share it. So every answer comes from a read that began after
// its question, and a revoked token is never accepted again. It keeps nothing between
// reads but when it has noted the last use of a token. It is safe for concurrent use.
type TokenChecker struct {
	pepper []byte
	uses   *lastUses
	reads  digestReads[Token]
}

// NewTokenChecker returns a checker for the tokens that a [Service] with the same
// configuration creates.
func NewTokenChecker(tokens TokenChecks, config Config) *TokenChecker {
	return &TokenChecker{pepper: config.Pepper, uses: newLastUses(tokens.NoteTokenUse), reads: newDigestReads(tokens.TokensByDigest, groupcommit.DefaultMaxItems)}
}

// Check returns a token that is valid and allows a scope. Errors: ErrTokenInvalid,
// [*TokenScopeError], and [ration.ErrStoreUnavailable] if the token could not be read. All
// tokens are made by Ration and have a checksum, under whatever prefix. A text without one
// is refused without a read.
func (c *TokenChecker) Check(ctx context.Context, secret ration.Secret, scope string) (Token, error) {
	if len(secret.Reveal()) > ration.MaxSecretLength || !secret.Generated() {
		return Token{}, ErrTokenInvalid
	}
	read, err := c.reads.Do(ctx, secret.Digest(c.pepper))
	if err != nil {
		return Token{}, fmt.Errorf("checking a service token: %w: %w", ration.ErrStoreUnavailable, err)
	}
	token := &read.record
	if token.Name == "" || !token.RevokedAt.IsZero() || !token.ExpiresAt.IsZero() && !read.now.Before(token.ExpiresAt) {
		return Token{}, ErrTokenInvalid
	}
	c.uses.note(token.ID, token.LastUsedAt, read.now)
	if !token.Allows(scope) {
		return Token{}, &TokenScopeError{Scope: scope}
	}
	return *token, nil
}

// Close waits until the checks under way are answered, or ctx ends, and a moment for
// the last uses that are being written. Later checks get an error.
func (c *TokenChecker) Close(ctx context.Context) error {
	err := c.reads.Close(ctx)
	c.uses.close()
	return err
}
