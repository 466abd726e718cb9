package traffic

import (
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// other is the name of what has no other: nothing that comes from outside gets into the
// database as a name.
const other = "other"

// viaUsage is what events of the usage page have as Via. It asks for no decision.
const viaUsage = "usage"

// Ways in.
const (
	viaOther = iota
	viaProxy
	viaVerify
	viaReservations
	viaForwardAuth
	viaExtAuthz
	viaExtAuthzGRPC
	viaRateLimitGRPC
	viaCount
)

var viaNames = [viaCount]string{other, "proxy", "verify", "reservations", "forward-auth", "ext-authz", "ext-authz-grpc", "rate-limit-grpc"}

// reservationsPath is where the paths of reservations begin in the verify API.
const reservationsPath = "/v1/reservations"

// viaOf returns the way in of an event.
func viaOf(event *rationhttp.Event) int {
	switch event.Via {
	case "proxy":
		return viaProxy
	case "verify":
		if strings.HasPrefix(event.Route, reservationsPath) {
			return viaReservations
		}
		return viaVerify
	case "forward-auth":
		return viaForwardAuth
	case "ext-authz":
		return viaExtAuthz
	case "ext-authz-grpc":
		return viaExtAuthzGRPC
	case "rate-limit-grpc":
		return viaRateLimitGRPC
	}
	return viaOther
}

// RouteVias returns the names of the ways in whose requests have a route of the
// configuration.
func RouteVias() []string {
	return []string{viaNames[viaProxy], viaNames[viaForwardAuth], viaNames[viaExtAuthz], viaNames[viaExtAuthzGRPC]}
}

// CodeFailedOpen is the code of requests that were let through without a decision.
const CodeFailedOpen = "failed_open"

// codes are all that are counted by name.
var codes = [...]ration.Code{
	other, CodeFailedOpen,

	ration.CodeOK, ration.CodeKeyMissing, ration.CodeKeyUnknown, ration.CodeKeyUnchecked, ration.CodeKeyExpired, ration.CodeKeyDisabled, ration.CodeKeyRevoked,
	ration.CodeInsufficientScope, ration.CodeIPNotAllowed, ration.CodeQuotaExceeded, ration.CodeRateExceeded, ration.CodeConcurrencyExceeded, ration.CodeCostExceedsLimit,
	ration.CodeStoreUnavailable, ration.CodeOutcomeUnknown, ration.CodeClockSuspect,
	ration.CodeReservationUnknown, ration.CodeReservationConflict, ration.CodeReservationExpired, ration.CodeSettlementTooLarge, ration.CodeIdempotencyMismatch,

	rationhttp.CodeClientGone, rationhttp.CodeInvalidRequest, rationhttp.CodeKeysInURL, rationhttp.CodeInvalidIdempotencyKey, rationhttp.CodeIdempotencyReplayed, rationhttp.CodeInternal,

	"free", "preflight", "too_many_preflights", "origin_not_allowed", // the proxy's
	"ambiguous_header", "ambiguous_method", "ambiguous_path", "ambiguous_query", "idempotency_key_missing", "invalid_connection", "loop_detected", "method_not_supported", "unreadable_form", "upstream_busy",

	"no_such_route", "method_not_allowed",

	"gateway_refused", "original_request_missing", "invalid_original_request", "invalid_option", // of gateways that ask

	"body_too_large", "invalid_body", "invalid_value", "unsupported_media_type", // the verify API's
	"token_missing", "token_invalid", "token_lacks_scope", "token_narrowed", "token_unchecked",
}

// codeNumbers are the places of codes.
var codeNumbers = func() map[ration.Code]int {
	numbers := make(map[ration.Code]int, len(codes))
	for i, code := range codes {
		numbers[code] = i
	}
	return numbers
}()

// codeOf returns the place of an event's code, which is 0 for other ones.
func codeOf(event *rationhttp.Event) int {
	if event.FailedOpen {
		return codeNumbers[CodeFailedOpen]
	}
	return codeNumbers[event.Code]
}

// ViaName returns the name of an event's way in, from a closed set.
func ViaName(event *rationhttp.Event) string { return viaNames[viaOf(event)] }

// Names returns the names under which the answer of an event is counted, both from closed
// sets. Counted is false if it isn't: it is a follow-up, or asked for no decision.
func Names(event *rationhttp.Event) (via, code string, counted bool) {
	if event.FollowUp != "" || event.Via == viaUsage {
		return "", "", false
	}
	return ViaName(event), string(codes[codeOf(event)]), true
}
