package verify

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/rationhttp"
)

// refusal is why a caller gets no decision, where that is its own doing.
type refusal struct {
	status    int
	code      string
	detail    string
	errors    []api.FieldError
	challenge string // the value of WWW-Authenticate; empty: none
	allow     string // the method that would be right; empty: it is
	retry     int64  // seconds after which to try again; 0: that doesn't help
}

// Error implements error.
func (e *refusal) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.detail) }

func (h *Handler) noPath() *refusal {
	paths := []string{Path, ReservationsPath}
	if h.config.UsagePath != "" {
		paths = append(paths, h.config.UsagePath)
	}
	if h.config.PortalPath != "" {
		paths = append(paths, h.config.PortalPath)
	}
	if h.config.KeyRequestsPath != "" {
		paths = append(paths, h.config.KeyRequestsPath)
	}
	return &refusal{
		status: http.StatusNotFound, code: "no_such_route",
		detail: "There is nothing at this path. The paths are " + strings.Join(append(paths, "/healthz"), ", ") + " and /readyz. Calls of your API go to the proxy.",
	}
}

func wrongMethod(right string) *refusal {
	return &refusal{status: http.StatusMethodNotAllowed, code: "method_not_allowed", detail: "Use " + right + ".", allow: right}
}

// invalidURL says that a part of the URL has a value that can't be.
func invalidURL(detail string) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, code: "invalid_value", detail: detail}
}

// invalidBody says that one member of the body is not what it has to be.
func invalidBody(pointer, detail string) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: "invalid_body", detail: "The request body is not valid.",
		errors: []api.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

// invalidValue says that a member has the right form and a value that no charge
// can have.
func invalidValue(pointer, detail string) *refusal {
	return &refusal{
		status: http.StatusUnprocessableEntity, code: "invalid_value", detail: "The request body has a value that is not possible.",
		errors: []api.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

// invalidCharge is invalidValue for what the engine says of a charge.
func invalidCharge(invalid *ration.InvalidError) *refusal {
	field := invalid.Field
	if meter, found := strings.CutPrefix(field, "amounts."); found {
		return invalidValue(amountPointer(meter), invalid.Reason)
	}
	if field == "meter" {
		return invalidValue(amountPointer(invalid.Value), invalid.Reason)
	}
	return invalidValue("/"+field, invalid.Reason)
}

func amountPointer(meter string) string { return "/amounts/" + escapePointer(meter) }

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// escapePointer writes a member's name, shortened, into a JSON pointer (RFC 6901).
func escapePointer(name string) string {
	const most = 64
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return pointerEscapes.Replace(name)
}

// refuse answers a caller whose own doing keeps it from its answer.
func (h *Handler) refuse(c *call, refused *refusal) {
	if refused.challenge != "" {
		c.w.Header().Set("WWW-Authenticate", refused.challenge)
	}
	if refused.allow != "" {
		c.w.Header().Set("Allow", refused.allow)
	}
	h.own.Problem(refused.problem(c.id)).WriteTo(c.w)
	c.noteRefused(refused)
	h.observe(c)
}

// noteRefused makes the call's event one of the caller's own doing.
func (c *call) noteRefused(refused *refusal) {
	c.event = rationhttp.Event{Via: via, KeyID: c.event.KeyID, Wait: c.event.Wait, Code: ration.Code(refused.code), Status: refused.status}
}

func (e *refusal) problem(requestID string) api.Problem {
	problem := api.Problem{Status: e.status, Code: e.code, Detail: e.detail, Errors: e.errors, RequestID: requestID}
	if e.retry > 0 {
		problem.RetryAfter = &e.retry
	}
	return problem
}
