package verify

import (
	"errors"
	"net/http"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
)

// authorize checks the service token of a request.
func (h *Handler) authorize(r *http.Request) error {
	_, err := h.config.Callers.Authorize(r, admin.ScopeVerify)
	if refused, ok := errors.AsType[*bearer.Refusal](err); ok {
		return &refusal{
			status: refused.Status, code: refused.Code, detail: refused.Detail,
			challenge: refused.Challenge, retry: refused.RetryAfter,
		}
	}
	return err
}
