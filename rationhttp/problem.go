package rationhttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// Problem answers with a problem that the caller made. Its Status and Code must be
// set; its title follows from the status.
func (r *Responder) Problem(problem api.Problem) Response { return r.respond(problem, nil) }

// WrongMethod refuses a request whose method is not one of those that are allowed.
func (r *Responder) WrongMethod(requestID string, allowed []string) Response {
	methods := strings.Join(allowed, ", ")
	return r.respond(api.Problem{
		Status: http.StatusMethodNotAllowed, Code: codeWrongMethod, RequestID: requestID, Detail: "Use one of these methods: " + methods + ".",
	}, []Field{{"Allow", methods}})
}

const codeWrongMethod = "method_not_allowed"

// respond completes a response that refuses. No cache may store it: what was refused
// may be allowed a second later.
func (r *Responder) respond(problem api.Problem, fields []Field) Response {
	problem.Title = http.StatusText(problem.Status)
	if problem.Status == http.StatusTooManyRequests {
		problem.UsageURL = r.UsageURL
	}
	if problem.RetryAfter != nil {
		fields = append(fields, Field{"Retry-After", strconv.FormatInt(*problem.RetryAfter, 10)})
	}
	body, err := json.Marshal(problem)
	if err != nil { // a year beyond 9999; the problem can be written without its details
		problem = api.Problem{Title: problem.Title, Status: problem.Status, Code: problem.Code, RequestID: problem.RequestID}
		body, _ = json.Marshal(problem)
	}
	if problem.RequestID != "" {
		fields = append(fields, Field{RequestIDHeader, problem.RequestID})
	}
	fields = append(fields, Field{"Cache-Control", cacheNoStore}, Field{"Content-Type", api.ProblemContentType})
	return Response{Status: problem.Status, Fields: fields, Body: body, Problem: &problem}
}

// replayed refuses a request that was charged before. It says nothing about limits,
// because those of the first answer are out of date.
func (r *Responder) replayed(requestID string) Response {
	return r.respond(api.Problem{
		Status: http.StatusConflict, Code: CodeIdempotencyReplayed, RequestID: requestID,
		Detail: "A request with this Idempotency-Key was charged before, so this one was not passed on. Ration doesn't keep the first answer.",
	}, []Field{{IdempotentReplayedHeader, "true"}})
}

// problemOf describes a denial.
func (r *Responder) problemOf(decision *ration.Decision, asked Echo) api.Problem {
	code := decision.Code
	if r.Uniform && (code == ration.CodeKeyExpired || code == ration.CodeKeyDisabled || code == ration.CodeKeyRevoked) {
		code = ration.CodeKeyUnknown
	}
	problem := problemOfCode(code)
	problem.RequestID = asked.RequestID
	if code == ration.CodeInsufficientScope && asked.Scope != "" {
		problem.Detail = fmt.Sprintf("The API key lacks the scope %q.", asked.Scope)
	}
	if code == ration.CodeKeyMissing || code == ration.CodeKeyUnknown {
		problem.Detail += " Send it " + r.Sources.places() + "."
	}
	if decision.RetryAfter > 0 {
		problem.RetryAfter = new(ceilSeconds(decision.RetryAfter))
	}
	describeLimits(&problem, decision, asked.Amounts)
	return problem
}

// describeLimits says which limits refused, and gives the state of the tightest: where
// waiting doesn't help, of those that are smaller than the cost, if there are any.
func describeLimits(problem *api.Problem, decision *ration.Decision, amounts []ration.Amount) {
	var never []ration.LimitStatus
	for _, status := range decision.Limits {
		if !status.Exceeded {
			continue
		}
		problem.ViolatedPolicies = append(problem.ViolatedPolicies, status.Name)
		if decision.RetryAfter == 0 && status.Kind != ration.KindConcurrent && costOf(amounts, &status) > status.Size() {
			never = append(never, status)
		}
	}
	worst := ration.Tightest(never)
	if worst == nil {
		worst = ration.Tightest(decision.Limits)
	}
	if worst == nil || !worst.Exceeded {
		return
	}
	size, used, cost := worst.Unit.Text(worst.Size()), worst.Unit.Text(worst.Used+worst.Reserved), worst.Unit.Text(costOf(amounts, worst))
	problem.Limit, problem.Used, problem.Cost = new(api.Number(size)), new(api.Number(used)), new(api.Number(cost))
	problem.Detail = fmt.Sprintf("The limit %s allows %s %s per %s; %s are used and this request asks for %s.", worst.Name, size, worst.Meter, worst.Period, used, cost)
	if worst.Kind == ration.KindRate {
		problem.Detail = fmt.Sprintf("The limit %s allows %s %s per %s, at most %s at once; this request asks for %s.",
			worst.Name, worst.Unit.Text(worst.Quantity), worst.Meter, worst.Period, size, cost)
	}
	if worst.Kind == ration.KindConcurrent {
		problem.Cost = new(api.Number("1"))
		problem.Detail = fmt.Sprintf("The limit %s allows %d %s at once, and %d are in flight.", worst.Name, worst.Size(), worst.Meter, worst.Used)
	}
	if !worst.ResetsAt.IsZero() {
		problem.ResetsAt = new(worst.ResetsAt.UTC().Truncate(time.Microsecond))
	}
}

// costOf returns what was asked for on a limit's meter, in the limit's units.
func costOf(amounts []ration.Amount, limit *ration.LimitStatus) int64 {
	for _, amount := range amounts {
		if amount.Meter == limit.Meter {
			return limit.Unit.Of(amount.Units, amount.Unit)
		}
	}
	return 1 // of requests, which every charge counts
}
