package forwardauth

import (
	"errors"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/inbound"
)

// TokenHeader is where a gateway sends a service token, if it needs one. Authorization
// is the client's.
const TokenHeader = "X-Ration-Token" //nolint:gosec // the name of a header

// Codes of answers to gateways that are not set up as they should be.
const (
	codeGatewayRefused = "gateway_refused"
	codeNoOriginal     = "original_request_missing"
	codeBadOriginal    = "invalid_original_request"
	codeBadOption      = "invalid_option"
)

var (
	errUntrusted = &inbound.Fault{Status: http.StatusForbidden, Code: codeGatewayRefused, Detail: "This address may not ask. Only gateways in trusted_proxies may."}
	errNoToken   = &inbound.Fault{Status: http.StatusForbidden, Code: codeGatewayRefused, Detail: "The gateway sent no valid service token in " + TokenHeader + "."}
)

// authorize returns an error unless the peer may ask.
func (h *Handler) authorize(r *http.Request) error {
	if !h.gate.TrustedProxies.TrustsPeer(r) {
		return errUntrusted
	}
	if h.config.Callers == nil {
		return nil
	}
	tokens := r.Header[TokenHeader]
	if len(tokens) != 1 || tokens[0] == "" {
		return errNoToken
	}
	_, err := h.config.Callers.AuthorizeSecret(r, ration.SecretFromText(tokens[0]), admin.ScopeVerify)
	if _, refused := errors.AsType[*bearer.Refusal](err); refused {
		return errNoToken // the client, who gets this, has nothing to do with the token
	}
	return err
}

// faultOfGateway returns the fault that is the gateway's, and what to do; nil: it is the
// client's.
func faultOfGateway(err error) (fault *inbound.Fault, cure string) {
	fault, _ = errors.AsType[*inbound.Fault](err)
	if fault == nil {
		return nil, ""
	}
	switch {
	case fault == errUntrusted:
		return fault, "if it is your gateway, add its address to trusted_proxies"
	case fault == errNoToken:
		return fault, "let the gateway send a service token of scope verify in " + TokenHeader + ", and overwrite what clients send in it"
	case fault.Code == codeNoOriginal:
		return fault, "let the gateway set X-Forwarded-Method and X-Forwarded-Uri; docs/GATEWAYS.md shows how"
	case fault.Code == codeBadOption:
		return fault, "correct the URL that the gateway asks; docs/GATEWAYS.md lists the options"
	}
	return nil, ""
}
