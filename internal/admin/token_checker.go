package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	reads  *groupcommit.Batcher[ration.Digest, ration.Digest, tokenRead]
}

// tokenRead is a token as it was read and the store's time.
type tokenRead struct {
	token Token
	now   time.Time
}

// NewTokenChecker returns a checker for the tokens that a [Service] with the same
// configuration creates.
func NewTokenChecker(tokens TokenChecks, config Config) *TokenChecker {
	read := func(ctx context.Context, digests []ration.Digest) ([]tokenRead, error) {
		found, now, err := tokens.TokensByDigest(ctx, digests)
		if err != nil {
			return nil, err
		}
		reads := make([]tokenRead, len(found))
		for i, token := range found {
			reads[i] = tokenRead{token, now}
		}
		return reads, nil
	}
	return &TokenChecker{pepper: config.Pepper, uses: newLastUses(tokens.NoteTokenUse), reads: groupcommit.New(groupcommit.Config[ration.Digest, ration.Digest, tokenRead]{
		Key:    func(digest ration.Digest) ration.Digest { return digest },
		Commit: read,
	})}
}

// Check returns a token that is valid and allows a scope. Errors: ErrTokenInvalid,
// [*TokenScopeError], and [ration.ErrStoreUnavailable] if the token could not be read. All tokens are made by Ration and have a checksum, under whatever
// prefix. A text without one is refused without a read.
func (c *TokenChecker) Check(ctx context.Context, token ration.Secret, scope string) (Token, error) {
	if len(token.Reveal()) > ration.MaxSecretLength || !token.Generated() {
		return Token{}, ErrTokenInvalid
	}
	read, err := c.reads.Do(ctx, token.Digest(c.pepper))
	if err != nil {
		return Token{}, fmt.Errorf("checking a service token: %w: %w", ration.ErrStoreUnavailable, err)
	}
	if !read.valid() {
		return Token{}, ErrTokenInvalid
	}
	c.uses.note(read.token.ID, read.token.LastUsedAt, read.now)
	if !read.token.Allows(scope) {
		return Token{}, &TokenScopeError{Scope: scope}
	}
	return read.token, nil
}

// Close waits until the checks under way are answered, or ctx ends, and a moment for
// the last uses that are being written. Later checks get an error.
func (c *TokenChecker) Close(ctx context.Context) error {
	err := c.reads.Close(ctx)
	c.uses.close()
	return err
}

func (r tokenRead) valid() bool {
	return r.token.Name != "" && r.token.RevokedAt.IsZero() &&
		(r.token.ExpiresAt.IsZero() || r.now.Before(r.token.ExpiresAt))
}
