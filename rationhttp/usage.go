package rationhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/turns"
	"github.com/ration-dev/ration/rationadmin"
)

// UsageReader reads what a key has used. [rationadmin.Operations] is one.
type UsageReader interface {
	// ExplainKey says how the limits of a key stand; see [rationadmin.Operations].
	ExplainKey(ctx context.Context, question rationadmin.ExplainQuestion) (rationadmin.Explanation, error)
	// UsageDays returns what a key used on each day; see [rationadmin.Operations].
	UsageDays(ctx context.Context, filter rationadmin.UsageFilter) ([]rationadmin.UsageDay, error)
}

var _ UsageReader = rationadmin.Operations(nil)

// Usage tells holders of keys what they have used and what remains: it answers GET and
// HEAD with an [api.OwnUsage] of the key whose secret the request presents. Serve it at a
// path of its own, such as /v1/usage, and set [Responder.UsageURL] to that path.
//
// It costs nothing and writes nothing: not even when the secret was last used. A key that
// a charge would refuse, such as a revoked one, gets the same answer here; one whose
// quota is used up is told so with status 200. Secrets that no key has are bounded as in
// charges. Only a few requests at once read from the database, one key after the other;
// the others wait for a short time.
type Usage struct {
	gate   Gate
	reader UsageReader
	turns  *turns.Turns
}

const (
	// viaUsage is this integration's name in charges and events.
	viaUsage = "usage"
	// codeUsage is the code of events about an answer that tells what was used.
	codeUsage ration.Code = "usage"
	// codeUsageBusy is the code of requests that had no turn.
	codeUsageBusy = "usage_busy"

	// usageAtOnce is how many read at once, so that charges keep most of the database.
	usageAtOnce  = 4
	usageWaiting = 256
	usageWait    = 2 * time.Second
)

// NewUsage returns a Usage that asks charger whose secret it is and whether it may be
// used. Of the options, [WithSources], [WithResponder], [WithTrustedProxies] and
// [WithObserver] matter; give it those that the [Middleware] has.
func NewUsage(charger Charger, reader UsageReader, options ...Option) *Usage {
	return &Usage{
		gate: newMiddleware(charger, options).gate, reader: reader,
		turns: turns.New(turns.Config{AtOnce: usageAtOnce, Waiting: usageWaiting, Wait: usageWait}),
	}
}

// UsageMethods returns the methods that a [Usage] answers.
func UsageMethods() []string { return []string{http.MethodGet, http.MethodHead} }

// ServeHTTP implements http.Handler.
func (u *Usage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := u.gate.TrustedProxies.RequestID(r)
	w.Header().Set(RequestIDHeader, requestID)
	if !slices.Contains(UsageMethods(), r.Method) {
		u.gate.Responder.WrongMethod(requestID, UsageMethods()).WriteTo(w)
		return
	}
	u.Report(r.Context(), u.gate.CallerOf(r, Question{}), requestID).WriteTo(w)
}

// Report returns the whole answer for a caller whose method is one of [UsageMethods].
func (u *Usage) Report(ctx context.Context, caller Caller, requestID string) Response {
	usage, refused := u.Read(ctx, caller, requestID, nil)
	if usage == nil {
		return refused
	}
	body, err := json.Marshal(usage)
	if err != nil {
		return u.gate.Responder.Failed(err, requestID)
	}
	return Response{Status: http.StatusOK, Body: body, Fields: []Field{{"Cache-Control", cacheNoStore}, {"Content-Type", "application/json"}}}
}

// Read is for programs that show the answer in a form of their own. It returns what a
// [Usage] tells the caller, or nil and the whole answer that refuses. If also is not
// nil, Read calls it with the caller's key, to read what such a program shows besides.
func (u *Usage) Read(ctx context.Context, caller Caller, requestID string, also func(context.Context, ration.KeyID) error) (*api.OwnUsage, Response) {
	start := time.Now()
	usage, refused, decision, err := u.read(ctx, caller, requestID, also)
	if u.gate.Observe != nil {
		event := NewEvent(ctx, viaUsage, decision, err)
		event.RequestID, event.Wait = requestID, time.Since(start)
		if err == nil && refused.Problem == nil {
			event.Code = codeUsage
		}
		if refused.Problem != nil && event.Code != CodeClientGone {
			event.Code, event.Status = ration.Code(refused.Problem.Code), refused.Status
		}
		u.gate.Observe(ctx, event)
	}
	return usage, refused
}

func (u *Usage) read(ctx context.Context, caller Caller, requestID string, also func(context.Context, ration.KeyID) error) (*api.OwnUsage, Response, ration.Decision, error) {
	failed := func(err error) (*api.OwnUsage, Response, ration.Decision, error) {
		return nil, u.gate.Responder.Failed(err, requestID), ration.Decision{}, err
	}
	if caller.Err != nil {
		return failed(caller.Err)
	}
	nothing := []ration.Amount{{Meter: ration.MeterRequests}} // so that no limit refuses it
	decision, err := ChargeSecret(ctx, u.gate.Charger, ration.Charge{
		Secret: caller.Credential.Secret, Amounts: nothing, IP: caller.IP, DryRun: true,
		Via: viaUsage, Request: &ration.RequestInfo{Method: caller.Method, ID: requestID},
	})
	switch {
	case err != nil:
		return failed(err)
	case !decision.Allowed():
		refused := u.gate.Responder.Decided(&decision, Echo{RequestID: requestID, Amounts: nothing})
		return nil, refused, decision, nil
	}
	usage, err := u.readInTurn(ctx, decision.KeyID, also)
	switch {
	case errors.Is(err, turns.ErrBusy):
		return nil, u.busy(requestID), decision, nil
	case err != nil:
		return failed(err)
	}
	return &usage, Response{}, decision, nil
}

// busy refuses a request that had no turn.
func (u *Usage) busy(requestID string) Response {
	return u.gate.Responder.Problem(api.Problem{
		Type: api.TypeTemporaryReducedCapacity, Status: http.StatusServiceUnavailable, Code: codeUsageBusy, RetryAfter: new(int64(1)), RequestID: requestID,
		Detail: "Too many ask at once what they have used. Ask again in a moment.",
	})
}
