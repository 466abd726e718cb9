package verify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationhttp"
)

// Where the verify API lives.
const (
	Path             = "/v1/verify"
	ReservationsPath = "/v1/reservations"
)

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

// Explainer says what each limit of a key would say to a charge.
type Explainer interface {
	ExplainKey(ctx context.Context, question admin.ExplainQuestion) (admin.Explanation, error)
}

// Config is what the verify API works with.
type Config struct {
	Charger      rationhttp.Charger   // who decides
	Reservations Reservations         // who ends what was reserved; only Register needs it
	Tokens       TokenChecker         // who may ask
	Responder    rationhttp.Responder // how answers to clients look

	AcceptOverage  bool           // settlements may count more than was reserved, also beyond a limit
	OverSettlement ration.Overage // of settlements that don't say; empty: [ration.OverageRefuse]

	// Explain says why a dry run was decided as it was; nil: none is explained.
	Explain Explainer

	// Observe is called once for each question that was put to the Charger, after
	// its answer is known, and for what kept a reservation from being ended or
	// shown; nil: nobody watches. It must not block.
	Observe func(context.Context, rationhttp.Event)

	// Log gets what a caller can't be told; nil: nothing is logged.
	Log *slog.Logger
}

// Handler serves POST /v1/verify, and by Register all of the API. It is safe for
// concurrent use.
type Handler struct {
	config Config
	// own answers callers, who are told of nobody's limits.
	own     rationhttp.Responder
	callers *callers
	log     *condense.Log
}

// NewHandler returns a Handler; Charger and Tokens must be set.
func NewHandler(config Config) *Handler {
	return &Handler{config: config, callers: newCallers(), log: condense.New(config.Log), own: rationhttp.Responder{Style: rationhttp.StyleOff, Realm: "ration"}}
}

// Register puts the whole API on a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle(Path, h)
	register := func(below, method string, serve endpoint) {
		mux.HandleFunc(ReservationsPath+below, func(w http.ResponseWriter, r *http.Request) { h.answer(w, r, method, serve) })
	}
	register("", http.MethodPost, (*Handler).reserve)
	register("/{id}", http.MethodGet, (*Handler).show)
	register("/{id}/settle", http.MethodPost, (*Handler).settle)
	register("/{id}/void", http.MethodPost, (*Handler).void)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { h.refuse(w, errNoPath, newRequestID()) })
}

// ServeHTTP answers one question.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.answer(w, r, http.MethodPost, (*Handler).verify)
}

// endpoint answers a caller whose token is good, or returns why it gets no
// answer. Left is how long it may wait for the database.
type endpoint func(h *Handler, w http.ResponseWriter, r *http.Request, left time.Duration) error

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, method string, serve endpoint) {
	err := h.serve(w, r, method, serve)
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

// serve checks who calls before anything else is read from them.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, method string, serve endpoint) error {
	if r.Method != method {
		return wrongMethod(method)
	}
	start := time.Now()
	if err := h.authorize(r); err != nil {
		return err
	}
	return serve(h, w, r, maxWait-time.Since(start))
}

// via is this integration's name in events.
const via = "verify"

func newRequestID() string { return uuid.Must(uuid.NewV7()).String() }
