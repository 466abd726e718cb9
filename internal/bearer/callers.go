package bearer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Checker checks service tokens.
type Checker interface {
	// Check returns a token that is valid and has the scope. Errors:
	// [admin.ErrTokenInvalid], [admin.TokenScopeError], and
	// [ration.ErrStoreUnavailable].
	Check(ctx context.Context, token ration.Secret, scope string) (admin.Token, error)
}

// Recaller is a Checker that recalls tokens that were valid. Its methods are those of
// [admin.TokenChecker]. Without it [Callers.Recognize] has each token checked at once.
type Recaller interface {
	Recall(token ration.Secret) (digest ration.Digest, found admin.Token, known bool)
	NoteUse(token *admin.Token, at time.Time)
	Forget(digest ration.Digest)
}

// Callers recognises callers by their service tokens. APIs that share one share what
// can be guessed. It is safe for concurrent use.
type Callers struct {
	tokens  Checker
	recalls Recaller // nil: nobody does
	guesses *guesses
	from    func(*http.Request) netip.Addr // who pays for a guess
}

// New returns Callers for the tokens that a checker knows. Who is connected pays for
// guesses.
func New(tokens Checker) *Callers { return NewBehind(tokens, peerOf) }

// NewBehind returns Callers who may come through a proxy: the address that from returns
// pays for guesses.
func NewBehind(tokens Checker, from func(*http.Request) netip.Addr) *Callers {
	recalls, _ := tokens.(Recaller)
	return &Callers{tokens: tokens, recalls: recalls, guesses: newGuesses(), from: from}
}

// peerOf returns the address of who is connected; zero: on a unix socket.
func peerOf(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr()
}

// SecretOf returns the secret of the token that a request carries; zero: it has none.
func SecretOf(r *http.Request) ration.Secret {
	secret, err := tokenOf(r.Header)
	if err != nil {
		return ration.Secret{}
	}
	return secret
}

// Authorize returns the service token of a request, which is valid and has the scope.
// Errors: a [*Refusal], and [ration.ErrStoreUnavailable] if the token could not be
// read.
func (c *Callers) Authorize(r *http.Request, scope string) (admin.Token, error) {
	secret, err := tokenOf(r.Header)
	if err != nil {
		return admin.Token{}, err
	}
	return c.AuthorizeSecret(r, secret, scope)
}

// AuthorizeSecret returns the service token with a secret that a request carries elsewhere
// than Authorize looks for it. Its errors are the same.
func (c *Callers) AuthorizeSecret(r *http.Request, secret ration.Secret, scope string) (admin.Token, error) {
	end, retry, err := c.guesses.begin(r.Context(), secret, c.from(r))
	switch {
	case err != nil:
		return admin.Token{}, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	case retry > 0:
		return admin.Token{}, unchecked(retry)
	}
	good, invalid := false, false // also if Check panics
	defer func() { end(good, invalid) }()
	token, err := c.tokens.Check(r.Context(), secret, scope)
	refused := RefusalOf(err)
	invalid = errors.Is(err, admin.ErrTokenInvalid)
	good = err == nil || refused != nil && !invalid
	if refused != nil {
		return admin.Token{}, refused
	}
	return token, err
}

// Found is what a look-up has found.
type Found int

const (
	// Nothing means that nobody has what was looked up. It counts as a guess.
	Nothing Found = iota
	// Something means that it was no guess, or that nobody knows.
	Something
	// Good means that it is valid, and no guess the next time either.
	Good
)

// Guess has something looked up that is no service token but could be guessed as one, such
// as the secret of a session: what an address can guess is bounded for all together. Errors:
// that of look; a [*Refusal] with status 429 and [ration.ErrStoreUnavailable] if it was not
// called.
func (c *Callers) Guess(r *http.Request, secret ration.Secret, look func() (Found, error)) error {
	end, retry, err := c.guesses.begin(r.Context(), secret, c.from(r))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	case retry > 0:
		refused := unchecked(retry)
		refused.Detail = "Too many wrong codes, tokens or sessions came from your address. Try again in a moment."
		return refused
	}
	found := Something // also if look panics
	defer func() { end(found == Good, found == Nothing) }()
	found, err = look()
	return err
}

// Knows reports whether a request carries a token that was valid before. It may have been
// revoked since.
func (c *Callers) Knows(r *http.Request) bool {
	secret := SecretOf(r)
	return !secret.IsZero() && c.guesses.knows(secret.Digest(nil))
}

// Remember says that a secret is good, because it was just made. Looking it up is no guess.
func (c *Callers) Remember(secret ration.Secret) { c.guesses.remember(secret.Digest(nil)) }

// tokenOf reads the token that a request carries.
func tokenOf(header http.Header) (ration.Secret, error) {
	fields := header["Authorization"]
	if len(fields) > 1 {
		return ration.Secret{}, errBadToken // which one is meant is anybody's guess
	}
	scheme, text, _ := strings.Cut(strings.Join(fields, ""), " ")
	text = strings.Trim(text, " \t")
	if !strings.EqualFold(scheme, "bearer") || text == "" {
		return ration.Secret{}, errNoToken
	}
	return ration.SecretFromText(text), nil
}
