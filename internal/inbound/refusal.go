package inbound

import (
	"errors"
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Fault is what is wrong with a request before it is charged.
type Fault struct {
	Status int
	Code   string
	Detail string
}

// Error implements error.
func (f *Fault) Error() string { return f.Detail }

// Refusal words why a request is not charged and goes nowhere: a [Fault], or another
// error of Judge or AskOnce.
func (r *Reader) Refusal(x *Request, err error) rationhttp.Response {
	responder := &r.config.Gate.Responder
	problem := api.Problem{Status: http.StatusBadRequest, Code: "ambiguous_path", RequestID: x.ID}
	fault, isFault := errors.AsType[*Fault](err)
	ambiguous, isAmbiguous := errors.AsType[*route.AmbiguousPathError](err)
	switch {
	case isFault:
		problem.Status, problem.Code, problem.Detail = fault.Status, fault.Code, fault.Detail
	case isAmbiguous:
		problem.Detail = "The path can be read in two ways: " + ambiguous.Reason + "."
	case errors.Is(err, route.ErrUnmatched):
		problem.Status, problem.Code, problem.Detail = http.StatusNotFound, "no_such_route", "There is nothing here."
	case errors.Is(err, errTooManyPreflights):
		problem.Status, problem.Code, problem.RetryAfter = http.StatusTooManyRequests, "too_many_preflights", new(int64(1))
		problem.Detail = "Preflights come too fast from this address."
	case errors.Is(err, errWrongUsageMethod):
		return responder.WrongMethod(x.ID, rationhttp.UsageMethods())
	default: // of the key or the idempotency key
		return responder.Failed(err, x.ID)
	}
	return responder.Problem(problem)
}
