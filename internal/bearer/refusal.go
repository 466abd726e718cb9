package bearer

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// challenge names the realm of service tokens; clients' keys have one of their own.
const challenge = `Bearer realm="ration"`

// Refusal is why a caller gets no answer, where that is its own doing.
type Refusal struct {
	Status     int    // 401, 403 or 429
	Code       string // of the problem
	Detail     string // for people; it shows no token
	Challenge  string // the value of WWW-Authenticate; empty: none
	RetryAfter int64  // seconds after which to try again; 0: that doesn't help
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

var (
	errNoToken = &Refusal{
		Status: http.StatusUnauthorized, Code: "token_missing", Detail: "Send a service token as Authorization: Bearer.",
		Challenge: challenge,
	}
	errBadToken = &Refusal{
		Status: http.StatusUnauthorized, Code: "token_invalid", Detail: "The service token is not valid.",
		Challenge: challenge + `, error="invalid_token"`,
	}
)

// RefusalOf returns what an error means to the caller: that the token is not valid,
// that it lacks a scope, or that it is narrowed to other keys. Nil: the error is not
// about the token.
func RefusalOf(err error) *Refusal {
	switch {
	case errors.Is(err, admin.ErrTokenInvalid):
		return errBadToken
	case errors.Is(err, admin.ErrOutOfReach):
		return &Refusal{
			Status: http.StatusForbidden, Code: "token_narrowed", Detail: sentence(err.Error()),
			Challenge: challenge + `, error="insufficient_scope"`,
		}
	}
	if lacking, ok := errors.AsType[*admin.TokenScopeError](err); ok {
		return &Refusal{
			Status: http.StatusForbidden, Code: "token_lacks_scope", Detail: fmt.Sprintf("The service token lacks the scope %q.", lacking.Scope),
			Challenge: challenge + fmt.Sprintf(`, error="insufficient_scope", scope="%s"`, lacking.Scope),
		}
	}
	return nil
}

// unchecked says that the peer has sent too many tokens that nobody has.
func unchecked(retry time.Duration) *Refusal {
	return &Refusal{
		Status: http.StatusTooManyRequests, Code: "token_unchecked", RetryAfter: int64(math.Ceil(retry.Seconds())),
		Detail: "The service token was not checked: too many invalid ones came from this address.",
	}
}

// sentence writes the text of an error as a sentence.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }
