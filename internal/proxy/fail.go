package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// refuse answers a request that was not charged and goes nowhere.
func (p *Proxy) refuse(w http.ResponseWriter, x *exchange, err error) {
	p.notePreflight(x)
	response := p.refusal(x, err)
	p.tell(x, rationhttp.Event{Code: ration.Code(response.Problem.Code), Status: response.Status})
	p.answer(w, x, response)
}

// refusal words why a request is not charged and goes nowhere.
func (p *Proxy) refusal(x *exchange, err error) rationhttp.Response {
	responder := &p.config.Gate.Responder
	problem := api.Problem{Status: http.StatusBadRequest, Code: "ambiguous_path", RequestID: x.requestID}
	fault, isFault := errors.AsType[*requestFault](err)
	ambiguous, isAmbiguous := errors.AsType[*route.AmbiguousPathError](err)
	switch {
	case isFault:
		problem.Status, problem.Code, problem.Detail = fault.status, fault.code, fault.detail
	case isAmbiguous:
		problem.Detail = "The path can be read in two ways: " + ambiguous.Reason + "."
	case errors.Is(err, route.ErrUnmatched):
		problem.Status, problem.Code, problem.Detail = http.StatusNotFound, "no_such_route", "There is nothing here."
	case errors.Is(err, errTooManyPreflights):
		problem.Status, problem.Code, problem.RetryAfter = http.StatusTooManyRequests, "too_many_preflights", new(int64(1))
		problem.Detail = "Preflights come too fast from this address."
	case errors.Is(err, errWrongUsageMethod):
		return responder.WrongMethod(x.requestID, rationhttp.UsageMethods())
	default: // of the key or the idempotency key
		return responder.Failed(err, x.requestID)
	}
	return responder.Problem(problem)
}

// answer sends a response of our own. The body has no reader any more.
func (p *Proxy) answer(w http.ResponseWriter, x *exchange, response rationhttp.Response) {
	_ = x.body.Close()
	w.Header().Set(rationhttp.RequestIDHeader, x.requestID)
	p.reword(x, response).WriteTo(w)
}

// statusClientGone is what access logs of proxies say of such a request (nginx).
const statusClientGone = 499

// fail answers a request that was charged and whose upstream did not answer.
func (p *Proxy) fail(w http.ResponseWriter, out *http.Request, err error) {
	x := exchangeOf(out)
	if x.in.Context().Err() != nil { // the client has gone; nobody reads an answer
		p.config.Log.DebugContext(out.Context(), "the client went away", "route", x.route.Name, "request_id", x.requestID)
		p.tell(x, rationhttp.Event{FollowUp: rationhttp.FollowUpFailed, Code: rationhttp.CodeClientGone})
		w.WriteHeader(statusClientGone)
		return
	}
	problem := problemOf(x, err)
	problem.RequestID = x.requestID
	message := "the upstream gave no answer"
	if problem.Status < http.StatusInternalServerError { // the client's doing, which is nothing to look for upstream
		message = "a request's body ended early or was refused"
	}
	p.trouble.Say(out.Context(), slog.LevelWarn, condense.Kind{Message: message, Code: problem.Code, Route: x.route.Name},
		slog.String("request_id", x.requestID), slog.Any("error", err))
	if !x.answered && x.refundsFailure(&problem) {
		p.giveBack(out.Context(), x)
	}
	p.tell(x, rationhttp.Event{FollowUp: rationhttp.FollowUpFailed, Code: ration.Code(problem.Code), Status: problem.Status})
	x.answer.Response.Apply(w.Header()) // what remains, of a charge that stays too
	p.answer(w, x, p.config.Gate.Responder.Problem(problem))
}

// The codes of failures on which it depends whether a charge is given back.
const (
	codeBodyIncomplete = "body_incomplete"
	codeUnreachable    = "upstream_unreachable"
	codeTimeout        = "upstream_timeout"
)

func problemOf(x *exchange, err error) api.Problem {
	operation, isNet := errors.AsType[*net.OpError](err)
	var timeout net.Error
	switch {
	case x.override != nil && x.override.Found():
		return overridden
	case x.body.broke():
		return api.Problem{Status: http.StatusBadRequest, Code: codeBodyIncomplete, Detail: "The request body ended early."}
	case isNet && operation.Op == "dial":
		return api.Problem{Status: http.StatusBadGateway, Code: codeUnreachable, Detail: "The API behind this proxy can't be reached."}
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return api.Problem{Status: http.StatusGatewayTimeout, Code: codeTimeout, Detail: "The API behind this proxy took too long to answer."}
	}
	return api.Problem{Status: http.StatusBadGateway, Code: "upstream_failed", Detail: "The API behind this proxy broke off its answer."}
}
