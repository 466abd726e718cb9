package rationhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// Codes of problems that are no decision and that no engine returns.
const (
	CodeInvalidRequest        = "invalid_request"         // the request contradicts itself
	CodeKeysInURL             = "keys_in_url"             // the key was sent in the URL, where it isn't taken
	CodeInvalidIdempotencyKey = "invalid_idempotency_key" // see [IdempotencyKey]
	CodeIdempotencyReplayed   = "idempotency_replayed"    // the first one with this key was charged
	CodeInternal              = "internal_error"          // a fault of ours
)

// Problem answers with a problem of the caller's own. Status and Code must be
// set; the title follows from the status.
func (r *Responder) Problem(problem api.Problem) Response { return r.respond(problem, nil) }

// respond completes a response that refuses. Nothing may store it: what was
// refused may be allowed a second later.
func (r *Responder) respond(problem api.Problem, fields []Field) Response {
	problem.Title = http.StatusText(problem.Status)
	if problem.RetryAfter != nil {
		fields = append(fields, Field{"Retry-After", strconv.FormatInt(*problem.RetryAfter, 10)})
	}
	body, err := json.Marshal(problem)
	if err != nil { // a year beyond 9999; without its details it can be said
		body, _ = json.Marshal(api.Problem{Title: problem.Title, Status: problem.Status, Code: problem.Code, RequestID: problem.RequestID})
	}
	fields = append(fields, Field{"Cache-Control", cacheNoStore}, Field{"Content-Type", api.ProblemContentType})
	return Response{Status: problem.Status, Fields: fields, Body: body}
}

// replayed refuses a request that was charged before. It says nothing of limits:
// those of then are of no use any more.
func (r *Responder) replayed(requestID string) Response {
	return r.respond(api.Problem{
		Status: http.StatusConflict, Code: CodeIdempotencyReplayed, RequestID: requestID,
		Detail: "A request with this Idempotency-Key was charged before, so this one was not passed on. The first answer isn't kept.",
	}, []Field{{IdempotentReplayedHeader, "true"}})
}

// problemOf describes a denial.
func (r *Responder) problemOf(decision *ration.Decision, asked Asked) api.Problem {
	code := decision.Code
	if r.Uniform && (code == ration.CodeKeyExpired || code == ration.CodeKeyDisabled || code == ration.CodeKeyRevoked) {
		code = ration.CodeKeyUnknown
	}
	refusal, known := refusals[code]
	if !known {
		return internalProblem(asked.RequestID)
	}
	problem := api.Problem{Type: refusal.kind, Status: refusal.status, Detail: refusal.detail, Code: string(code), RequestID: asked.RequestID}
	if code == ration.CodeInsufficientScope && asked.Scope != "" {
		problem.Detail = fmt.Sprintf("The API key lacks the scope %q.", asked.Scope)
	}
	if decision.RetryAfter > 0 {
		problem.RetryAfter = new(ceilSeconds(decision.RetryAfter))
	}
	describeLimits(&problem, decision, asked.Amounts)
	return problem
}

// describeLimits tells which limits refused, and how the one that refuses for
// longest stands.
func describeLimits(problem *api.Problem, decision *ration.Decision, amounts []ration.Amount) {
	var worst *ration.LimitStatus
	for i := range decision.Limits {
		status := &decision.Limits[i]
		if !status.Exceeded {
			continue
		}
		problem.ViolatedPolicies = append(problem.ViolatedPolicies, status.Name)
		if worst == nil || refusesLonger(status, worst, amounts) {
			worst = status
		}
	}
	if worst == nil {
		return
	}
	cost := unitsOf(amounts, worst.Meter)
	problem.Limit, problem.Used, problem.Cost = new(worst.Size()), new(worst.Used+worst.Reserved), &cost
	problem.Detail = fmt.Sprintf("The limit %s allows %d %s per %s; %d are used and this request asks for %d.",
		worst.Name, worst.Size(), worst.Meter, worst.Period, worst.Used+worst.Reserved, cost)
	if worst.Kind == ration.KindRate {
		problem.Detail = fmt.Sprintf("The limit %s allows %d %s per %s, at most %d at once; this request asks for %d.",
			worst.Name, worst.Quantity, worst.Meter, worst.Period, worst.Size(), cost)
	}
	if !worst.ResetsAt.IsZero() {
		problem.ResetsAt = new(worst.ResetsAt.UTC().Truncate(time.Microsecond))
	}
}

// refusesLonger orders limits that refused: those that never will admit the
// cost, those that never reset, then by the end.
func refusesLonger(a, b *ration.LimitStatus, amounts []ration.Amount) bool {
	neverA, neverB := unitsOf(amounts, a.Meter) > a.Size(), unitsOf(amounts, b.Meter) > b.Size()
	if neverA != neverB {
		return neverA
	}
	if a.ResetsAt.IsZero() != b.ResetsAt.IsZero() {
		return a.ResetsAt.IsZero()
	}
	return a.ResetsAt.After(b.ResetsAt)
}

func unitsOf(amounts []ration.Amount, meter string) int64 {
	for _, amount := range amounts {
		if amount.Meter == meter {
			return amount.Units
		}
	}
	return 1 // of requests, which every charge counts
}

// refusal is how a code is told to a client.
type refusal struct {
	status int
	kind   string
	detail string
}

var refusals = map[ration.Code]refusal{
	ration.CodeKeyMissing:        {http.StatusUnauthorized, "", "An API key is needed."},
	ration.CodeKeyUnknown:        {http.StatusUnauthorized, "", "The API key is not valid."},
	ration.CodeKeyUnchecked:      {http.StatusTooManyRequests, api.TypeAbnormalUsageDetected, "The API key was not checked: too many unknown keys came from this address. Try again later."},
	ration.CodeKeyExpired:        {http.StatusUnauthorized, "", "The API key has expired."},
	ration.CodeKeyDisabled:       {http.StatusUnauthorized, "", "The API key is disabled."},
	ration.CodeKeyRevoked:        {http.StatusUnauthorized, "", "The API key is revoked."},
	ration.CodeInsufficientScope: {http.StatusForbidden, "", "The API key lacks a scope."},
	ration.CodeIPNotAllowed:      {http.StatusForbidden, "", "The API key may not be used from this address."},
	ration.CodeQuotaExceeded:     {http.StatusTooManyRequests, api.TypeQuotaExceeded, "The quota is used up."},
	ration.CodeRateExceeded:      {http.StatusTooManyRequests, api.TypeQuotaExceeded, "Requests come too fast."},
	ration.CodeCostExceedsLimit:  {http.StatusUnprocessableEntity, "", "The request asks for more than a limit could ever allow."},
}

// problemOfError describes what is no decision.
func problemOfError(err error) api.Problem {
	if fault := faultOf(err); fault != nil {
		return fault.problem()
	}
	unavailable := api.Problem{Type: api.TypeTemporaryReducedCapacity, Status: http.StatusServiceUnavailable}
	switch {
	case errors.Is(err, ration.ErrOutcomeUnknown): // no Retry-After: to try again may charge twice
		unavailable.Code, unavailable.Detail = string(ration.CodeOutcomeUnknown), "It is not known whether the request was counted."
		return unavailable
	case errors.Is(err, ration.ErrClockSuspect):
		unavailable.Code, unavailable.Detail = string(ration.CodeClockSuspect), "The request was not counted: the server's clock is in doubt."
		return unavailable
	case errors.Is(err, ration.ErrStoreUnavailable), errors.Is(err, ration.ErrClosed):
		unavailable.Code, unavailable.Detail = string(ration.CodeStoreUnavailable), "The request was not counted: the server cannot count just now."
		unavailable.RetryAfter = new(int64(1))
		return unavailable
	}
	return internalProblem("")
}

func internalProblem(requestID string) api.Problem {
	return api.Problem{Status: http.StatusInternalServerError, Code: CodeInternal, RequestID: requestID}
}
