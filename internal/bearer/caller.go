package bearer

import (
	"context"
	"errors"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Caller is who asks for a decision, with a service token.
type Caller struct {
	callers *Callers
	request *http.Request
	secret  ration.Secret
	scope   string

	token  admin.Token
	digest ration.Digest // zero: nobody has to check the token any more
	found  error         // of that check, if it was made here
}

// Recognize returns who asks for a decision, if the token has the scope. It reads no token
// that was valid when it was last read: the decision checks it, by Digest, and the Caller is
// told of that by Found. Where there is no such decision, Confirm checks the token. Any other
// token is checked at once. Its errors are those of Authorize.
func (c *Callers) Recognize(r *http.Request, scope string) (*Caller, error) {
	secret, err := tokenOf(r.Header)
	if err != nil {
		return nil, err
	}
	return c.RecognizeSecret(r, secret, scope)
}

// RecognizeSecret is Recognize for a secret that a request carries elsewhere.
func (c *Callers) RecognizeSecret(r *http.Request, secret ration.Secret, scope string) (*Caller, error) {
	caller := &Caller{callers: c, request: r, secret: secret, scope: scope}
	if c.recalls != nil {
		if digest, token, known := c.recalls.Recall(secret); known && token.Allows(scope) {
			caller.token, caller.digest = token, digest
			return caller, nil
		}
	}
	err := caller.check(r.Context())
	return caller, err
}

// Digest is that of a token that is to be checked; zero: none is.
func (c *Caller) Digest() ration.Digest {
	if c == nil {
		return ration.Digest{}
	}
	return c.digest
}

// Confirm checks a token that no decision has checked, once: a token that can't be read is
// not read again for the same question. Its errors are those of [Callers.Authorize].
func (c *Caller) Confirm(ctx context.Context) error {
	if c.Digest() == (ration.Digest{}) {
		return c.found
	}
	return c.check(ctx)
}

func (c *Caller) check(ctx context.Context) error {
	request := c.request
	if ctx != request.Context() {
		request = request.WithContext(ctx)
	}
	_, c.found = c.callers.AuthorizeSecret(request, c.secret, c.scope)
	c.digest = ration.Digest{}
	return c.found
}

// Found takes in what became of a question whose charge had Digest. A question of which no
// key was found has no decision that checked the token, so Found does, within ctx. It returns
// err, or a [*Refusal] if the token is not valid.
func (c *Caller) Found(ctx context.Context, decision *ration.Decision, err error) error {
	switch {
	case c.Digest() == (ration.Digest{}):
		return err
	case errors.Is(err, admin.ErrTokenInvalid):
		c.callers.recalls.Forget(c.digest)
		c.digest, c.found = ration.Digest{}, errBadToken
		return c.found
	case isUnavailable(err): // then the token can't be checked either
		c.digest = ration.Digest{}
		return err
	case err != nil:
		return err
	case decision.KeyID.IsZero():
		return c.check(ctx)
	}
	c.callers.recalls.NoteUse(&c.token, decision.DecidedAt)
	c.digest = ration.Digest{}
	return nil
}

func isUnavailable(err error) bool {
	switch ration.CodeOf(err) {
	case ration.CodeStoreUnavailable, ration.CodeOutcomeUnknown, ration.CodeClockSuspect:
		return true
	}
	return false
}
