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
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

// refuse answers a request that was not charged and goes nowhere.
func (p *Proxy) refuse(w http.ResponseWriter, x *exchange, err error) {
	p.notePreflight(x)
	response := p.reader.Refusal(&x.Request, err)
	p.tell(x, rationhttp.Event{Code: ration.Code(response.Problem.Code), Status: response.Status})
	p.answer(w, x, response)
}

// answer sends a response of our own. The body has no reader any more.
func (p *Proxy) answer(w http.ResponseWriter, x *exchange, response rationhttp.Response) {
	_ = x.body.Close()
	w.Header().Set(rationhttp.RequestIDHeader, x.ID)
	p.reader.Reword(&x.Request, response).WriteTo(w)
}

// statusClientGone is what access logs of proxies say of such a request (nginx).
const statusClientGone = 499

// fail answers a request that was charged and whose upstream did not answer.
func (p *Proxy) fail(w http.ResponseWriter, out *http.Request, err error) {
	x := exchangeOf(out)
	if x.In.Context().Err() != nil { // the client has gone; nobody reads an answer
		p.config.Log.DebugContext(out.Context(), "the client went away", "route", x.Route.Name, "request_id", x.ID)
		p.tell(x, rationhttp.Event{FollowUp: rationhttp.FollowUpFailed, Code: rationhttp.CodeClientGone})
		w.WriteHeader(statusClientGone)
		return
	}
	problem := problemOf(x, err)
	problem.RequestID = x.ID
	message := "the upstream gave no answer"
	if problem.Status < http.StatusInternalServerError { // the client's doing, which is nothing to look for upstream
		message = "a request's body ended early or was refused"
	}
	p.trouble.Say(out.Context(), slog.LevelWarn, condense.Kind{Message: message, Code: problem.Code, Route: x.Route.Name},
		slog.String("request_id", x.ID), slog.Any("error", err))
	if !x.answered && x.refundsFailure(&problem) {
		p.giveBack(out.Context(), x)
	}
	p.tell(x, rationhttp.Event{FollowUp: rationhttp.FollowUpFailed, Code: ration.Code(problem.Code), Status: problem.Status})
	x.Answer.Response.Apply(w.Header()) // what remains, of a charge that stays too
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
		return inbound.Overridden
	case x.body.broke():
		return api.Problem{Status: http.StatusBadRequest, Code: codeBodyIncomplete, Detail: "The request body ended early."}
	case isNet && operation.Op == "dial":
		return api.Problem{Status: http.StatusBadGateway, Code: codeUnreachable, Detail: "The API behind this proxy can't be reached."}
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return api.Problem{Status: http.StatusGatewayTimeout, Code: codeTimeout, Detail: "The API behind this proxy took too long to answer."}
	}
	return api.Problem{Status: http.StatusBadGateway, Code: "upstream_failed", Detail: "The API behind this proxy broke off its answer."}
}
