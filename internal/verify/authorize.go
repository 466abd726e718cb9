package verify

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// authorize checks the service token of a request.
func (h *Handler) authorize(r *http.Request) error {
	fields := r.Header["Authorization"]
	if len(fields) > 1 {
		return errBadToken // which one is meant is anybody's guess
	}
	scheme, text, _ := strings.Cut(strings.Join(fields, ""), " ")
	text = strings.Trim(text, " \t")
	if !strings.EqualFold(scheme, "bearer") || text == "" {
		return errNoToken
	}
	token := ration.SecretFromText(text)
	end, retry, err := h.callers.begin(r.Context(), token, r.RemoteAddr)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	case retry > 0:
		return tokenUnchecked(retry)
	}
	_, err = h.config.Tokens.Check(r.Context(), token, scopeVerify)
	invalid := errors.Is(err, admin.ErrTokenInvalid)
	lacksScope := errors.Is(err, admin.ErrTokenScope)
	end(err == nil || lacksScope, invalid)
	switch {
	case invalid:
		return errBadToken
	case lacksScope:
		return errTokenScope
	}
	return err
}

// tokenUnchecked says that the peer has sent too many tokens that nobody has.
func tokenUnchecked(retry time.Duration) *refusal {
	return &refusal{
		status: http.StatusTooManyRequests, code: "token_unchecked", retry: int64(math.Ceil(retry.Seconds())),
		detail: "The service token was not checked: too many invalid ones came from this address.",
	}
}
