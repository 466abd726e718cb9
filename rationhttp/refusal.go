package rationhttp

import (
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// Codes of problems of a request that are found before an engine is asked, and of an
// internal error.
const (
	CodeInvalidRequest        = "invalid_request"         // the request contradicts itself
	CodeKeysInURL             = "keys_in_url"             // the key was sent in the URL, where it isn't taken
	CodeInvalidIdempotencyKey = "invalid_idempotency_key" // see [IdempotencyKey]
	CodeIdempotencyReplayed   = "idempotency_replayed"    // an earlier request with this key was charged
	CodeInternal              = "internal_error"          // Ration has failed, not the client
)

// refusal says how a client is told of a code.
type refusal struct {
	status     int
	kind       string
	detail     string
	retryAfter int64 // seconds; 0: not said
}

// refusals are the codes of denials and errors that a client may be told. Any other
// code is an internal error, and the client is told nothing about it.
var refusals = map[ration.Code]refusal{
	ration.CodeKeyMissing:          {status: http.StatusUnauthorized, detail: "An API key is needed."},
	ration.CodeKeyUnknown:          {status: http.StatusUnauthorized, detail: "The API key is not valid."},
	ration.CodeKeyUnchecked:        {status: http.StatusTooManyRequests, kind: api.TypeAbnormalUsageDetected, detail: "The API key was not checked: too many unknown keys came from this address. Try again later."},
	ration.CodeKeyExpired:          {status: http.StatusUnauthorized, detail: "The API key has expired."},
	ration.CodeKeyDisabled:         {status: http.StatusUnauthorized, detail: "The API key is disabled."},
	ration.CodeKeyRevoked:          {status: http.StatusUnauthorized, detail: "The API key is revoked."},
	ration.CodeInsufficientScope:   {status: http.StatusForbidden, detail: "The API key lacks a scope."},
	ration.CodeIPNotAllowed:        {status: http.StatusForbidden, detail: "The API key may not be used from this address."},
	ration.CodeQuotaExceeded:       {status: http.StatusTooManyRequests, kind: api.TypeQuotaExceeded, detail: "The quota is used up."},
	ration.CodeRateExceeded:        {status: http.StatusTooManyRequests, kind: api.TypeQuotaExceeded, detail: "Requests are coming too fast."},
	ration.CodeConcurrencyExceeded: {status: http.StatusTooManyRequests, kind: api.TypeQuotaExceeded, detail: "Too many requests are in flight."},
	ration.CodeCostExceedsLimit:    {status: http.StatusUnprocessableEntity, detail: "The request asks for more than a limit could ever allow."},

	CodeInvalidRequest:        {status: http.StatusBadRequest, detail: "Two different API keys were sent. Send only one."},
	CodeKeysInURL:             {status: http.StatusBadRequest, detail: "API keys in the URL are not accepted, because logs keep URLs. Send the key in a header."},
	CodeInvalidIdempotencyKey: {status: http.StatusBadRequest, detail: "Send one Idempotency-Key of 1 to 255 bytes of UTF-8 without control characters."},

	ration.CodeIdempotencyMismatch: {status: http.StatusUnprocessableEntity, detail: "This Idempotency-Key was already used with another request. Send a new one with each new request."},
	ration.CodeReservationUnknown:  {status: http.StatusNotFound, detail: "There is no reservation with this id."},
	ration.CodeReservationConflict: {status: http.StatusConflict, detail: "The reservation already ended differently, or belongs to another request."},
	ration.CodeReservationExpired:  {status: http.StatusConflict, detail: "The reservation expired too long ago to be settled or voided."},
	ration.CodeSettlementTooLarge:  {status: http.StatusConflict, detail: "The settlement is for more than was reserved."},

	ration.CodeTokenInvalid: {status: http.StatusUnauthorized, detail: "The service token is not valid."}, // told to a gateway, not to its client

	// No time after which to try again: that may charge twice.
	ration.CodeOutcomeUnknown:   {status: http.StatusServiceUnavailable, kind: api.TypeTemporaryReducedCapacity, detail: "It is not known whether the request was counted."},
	ration.CodeClockSuspect:     {status: http.StatusServiceUnavailable, kind: api.TypeTemporaryReducedCapacity, detail: "The request was not counted: the server's clock may be wrong."},
	ration.CodeStoreUnavailable: {status: http.StatusServiceUnavailable, kind: api.TypeTemporaryReducedCapacity, detail: "The request was not counted: the server can't count right now.", retryAfter: 1},
}

// toldCode returns the code that a client is told for an error.
func toldCode(err error) ration.Code { return ration.Code(problemOfCode(ration.CodeOf(err)).Code) }

// isRefused reports whether a client is told that it caused the code itself.
func isRefused(code ration.Code) bool {
	refusal, known := refusals[code]
	return known && refusal.status < http.StatusInternalServerError
}

// problemOfCode describes a code, or [CodeInternal] where clients are told nothing of it.
func problemOfCode(code ration.Code) api.Problem {
	refusal, known := refusals[code]
	if !known {
		return api.Problem{Status: http.StatusInternalServerError, Code: CodeInternal}
	}
	problem := api.Problem{Type: refusal.kind, Status: refusal.status, Detail: refusal.detail, Code: string(code)}
	if refusal.retryAfter > 0 {
		problem.RetryAfter = new(refusal.retryAfter)
	}
	return problem
}
