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

	token   admin.Token
	digest  ration.Digest // for decisions; zero: none can check the token
	checked bool          // nobody has to check the token any more, beside decisions
	found   error         // of that check, if it was made here
}

// Recognize returns who asks for a decision, if the token has the scope. It reads no token
// that was valid when it was last read: the decision checks it, by Digest, and the Caller is
// told of that by Found. Where there is no such decision, Confirm checks the token. Any other
// token is checked at once, and once more by the decision, which may wait for its key. Its
// errors are those of Authorize.
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
		var known bool
		if caller.digest, caller.token, known = c.recalls.Recall(secret); known && caller.token.Allows(scope) {
			return caller, nil
		}
	}
	err := caller.check(r.Context())
	return caller, err
}

// Digest is that of the token, for the decision to check; zero: it can't.
func (c *Caller) Digest() ration.Digest {
	if c == nil {
		return ration.Digest{}
	}
	return c.digest
}

// Checked says that Confirm has nothing to check any more.
func (c *Caller) Checked() bool { return c == nil || c.checked }

// Confirm checks a token that no decision has checked, once: a token that can't be read is
// not read again for the same question. Its errors are those of [Callers.Authorize].
func (c *Caller) Confirm(ctx context.Context) error {
	switch {
	case c == nil:
		return nil
	case c.checked:
		return c.found
	}
	return c.check(ctx)
}

func (c *Caller) check(ctx context.Context) error {
	request := c.request
	if ctx != request.Context() {
		request = request.WithContext(ctx)
	}
	var token admin.Token
	if token, c.found = c.callers.AuthorizeSecret(request, c.secret, c.scope); c.found == nil {
		c.token = token
	}
	c.checked = true
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
		c.checked, c.found = true, errBadToken
		return c.found
	case c.checked:
		return err
	case isUnavailable(err): // then the token can't be checked either
		c.checked = true
		return err
	case err != nil:
		return err
	case decision.KeyID.IsZero():
		return c.check(ctx)
	}
	c.callers.recalls.NoteUse(&c.token, decision.DecidedAt)
	c.checked = true
	return nil
}

func isUnavailable(err error) bool {
	switch ration.CodeOf(err) {
	case ration.CodeStoreUnavailable, ration.CodeOutcomeUnknown, ration.CodeClockSuspect:
		return true
	}
	return false
}
