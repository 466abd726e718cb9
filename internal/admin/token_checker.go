package admin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/groupcommit"
	"github.com/ration-dev/ration/internal/ledger"
)

// ErrTokenInvalid means that there is no such token, or that it has ended or is
// revoked. It does not say which.
var ErrTokenInvalid = ration.ErrTokenInvalid

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
// reads but when it has noted the last use of a token, and what never changes of those that
// were valid: see Recall. It is safe for concurrent use.
type TokenChecker struct {
	pepper []byte
	uses   *lastUses
	reads  digestReads[Token]

	mu    sync.RWMutex
	valid map[ration.Digest]Token // when they were last read; bounded by maxRecalled
}

// maxRecalled is of how many tokens a checker knows what never changes.
const maxRecalled = 10_000

// NewTokenChecker returns a checker for the tokens that a [Service] with the same
// configuration creates.
func NewTokenChecker(tokens TokenChecks, config Config) *TokenChecker {
	return &TokenChecker{pepper: config.Pepper, uses: newLastUses(tokens.NoteTokenUse), reads: newDigestReads(tokens.TokensByDigest, groupcommit.DefaultMaxItems), valid: make(map[ration.Digest]Token)}
}

// Check returns a token that is valid and allows a scope. Errors: ErrTokenInvalid,
// [*TokenScopeError], and [ration.ErrStoreUnavailable] if the token could not be read. All
// tokens are made by Ration and have a checksum, under whatever prefix. A text without one
// is refused without a read.
func (c *TokenChecker) Check(ctx context.Context, secret ration.Secret, scope string) (Token, error) {
	if len(secret.Reveal()) > ration.MaxSecretLength || !secret.Generated() {
		return Token{}, ErrTokenInvalid
	}
	digest := secret.Digest(c.pepper)
	read, err := c.reads.Do(ctx, digest)
	if err != nil {
		return Token{}, fmt.Errorf("checking a service token: %w: %w", ration.ErrStoreUnavailable, err)
	}
	token := &read.record
	if token.Name == "" || !ledger.TokenIsValid(token.ExpiresAt, token.RevokedAt, read.now) {
		c.Forget(digest)
		return Token{}, ErrTokenInvalid
	}
	c.remember(digest, token)
	c.uses.note(token.ID, token.LastUsedAt, read.now)
	if !token.Allows(scope) {
		return Token{}, &TokenScopeError{Scope: scope}
	}
	return *token, nil
}

// Recall returns what never changes of a token that was valid when it was last read, such
// as its scopes, and its digest. It does not say that the token is valid still: a
// transaction that checks the digest does, as [ration.Charge.Token], and is told to NoteUse
// or Forget. It reads nothing.
func (c *TokenChecker) Recall(secret ration.Secret) (digest ration.Digest, token Token, known bool) {
	digest = secret.Digest(c.pepper)
	c.mu.RLock()
	defer c.mu.RUnlock()
	token, known = c.valid[digest]
	return digest, token, known
}

// NoteUse takes in that a transaction has found a token valid at a time.
func (c *TokenChecker) NoteUse(token *Token, at time.Time) {
	c.uses.note(token.ID, token.LastUsedAt, at)
}

// Forget takes in that a token was found not valid.
func (c *TokenChecker) Forget(digest ration.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.valid, digest)
}

// remember forgets all others when there are too many: they are remembered again when they
// are read.
func (c *TokenChecker) remember(digest ration.Digest, token *Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.valid) >= maxRecalled {
		clear(c.valid)
	}
	c.valid[digest] = *token
}

// Close waits until the checks under way are answered, or ctx ends, and a moment for
// the last uses that are being written. Later checks get an error.
func (c *TokenChecker) Close(ctx context.Context) error {
	err := c.reads.Close(ctx)
	c.uses.close()
	return err
}
