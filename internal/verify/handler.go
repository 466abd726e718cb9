package verify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationhttp"
)

// Path is where the verify API lives.
const Path = "/v1/verify"

// scopeVerify is what a service token must allow.
const scopeVerify = "verify"

// maxWait is how long a caller waits for the database in all: until its token is
// read, and then for the decision.
const maxWait = 5 * time.Second

// TokenChecker checks service tokens.
type TokenChecker interface {
	// Check returns the name of a token that is valid and has the scope. Errors:
	// admin.ErrTokenInvalid, admin.ErrTokenScope, and ration.ErrStoreUnavailable.
	Check(ctx context.Context, token ration.Secret, scope string) (name string, err error)
}

// Config is what the verify API works with.
type Config struct {
	Charger   rationhttp.Charger   // who decides
	Tokens    TokenChecker         // who may ask
	Responder rationhttp.Responder // how answers to clients look
	// Observe is called once for each question that was put to the Charger, after
	// its answer is known; nil: nobody watches. It must not block.
	Observe func(context.Context, rationhttp.Event)
}

// Handler serves POST /v1/verify. It is safe for concurrent use.
type Handler struct {
	config Config
	// own answers callers, who are told of nobody's limits.
	own rationhttp.Responder
}

// NewHandler returns a Handler; Charger and Tokens must be set.
func NewHandler(config Config) *Handler {
	return &Handler{config: config, own: rationhttp.Responder{Style: rationhttp.StyleOff, Realm: "ration"}}
}

// ServeHTTP answers one question.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.serve(w, r)
	if err == nil {
		return
	}
	requestID := newRequestID()
	if refused, ok := errors.AsType[*refusal](err); ok {
		h.refuse(w, refused, requestID)
		return
	}
	h.own.Failed(err, requestID).WriteTo(w)
}

// serve answers, or returns why the caller gets no decision. Whoever calls is
// checked before anything is read from them.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return errMethod
	}
	start := time.Now()
	if err := h.authorize(r); err != nil {
		return err
	}
	left := maxWait - time.Since(start)
	if err := checkContentType(r.Header); err != nil {
		return err
	}
	buffers := takeBuffers()
	defer buffers.giveBack()
	if err := buffers.read(w, r); err != nil {
		return err
	}
	question, err := parseQuestion(buffers.in.Bytes())
	if err != nil {
		return err
	}
	decision, err := h.decide(r.Context(), &question, left)
	if err != nil {
		return err
	}
	asked := rationhttp.Asked{Amounts: question.amounts, Scope: question.scope}
	if !decision.Allowed() { // it is shown in the body
		asked.RequestID = newRequestID()
	}
	buffers.write(w, &decision, h.config.Responder.Decided(&decision, asked))
	return nil
}

func (h *Handler) authorize(r *http.Request) error {
	fields := r.Header["Authorization"]
	if len(fields) > 1 {
		return errBadToken // which one is meant is anybody's guess
	}
	scheme, token, _ := strings.Cut(strings.Join(fields, ""), " ")
	token = strings.Trim(token, " \t")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return errNoToken
	}
	_, err := h.config.Tokens.Check(r.Context(), ration.SecretFromText(token), scopeVerify)
	switch {
	case errors.Is(err, admin.ErrTokenInvalid):
		return errBadToken
	case errors.Is(err, admin.ErrTokenScope):
		return errTokenScope
	}
	return err
}

// via is this integration's name in events.
const via = "verify"

func (h *Handler) decide(ctx context.Context, question *question, left time.Duration) (ration.Decision, error) {
	start := time.Now()
	waiting, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	decision, err := rationhttp.ChargeSecret(waiting, h.config.Charger, ration.Charge{
		Secret: ration.SecretFromText(question.secret), Amounts: question.amounts, Scope: question.scope,
		IP: question.ip, DryRun: question.dryRun, Via: via,
	})
	invalid, isInvalid := errors.AsType[*ration.InvalidError](err)
	if isInvalid {
		return decision, invalidCharge(invalid)
	}
	if h.config.Observe != nil {
		event := rationhttp.NewEvent(ctx, via, decision, err)
		event.Wait = time.Since(start)
		h.config.Observe(ctx, event)
	}
	return decision, err
}

func newRequestID() string { return uuid.Must(uuid.NewV7()).String() }
