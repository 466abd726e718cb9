package verify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationhttp"
)

// Where the verify API lives.
const (
	Path             = "/v1/verify"
	ReservationsPath = "/v1/reservations"
)

// maxWait is how long a caller waits for the database in all: until its token is
// read, and then for the decision.
const maxWait = 5 * time.Second

// Explainer says what each limit of a key would say to a charge.
type Explainer interface {
	ExplainKey(ctx context.Context, question admin.ExplainQuestion) (admin.Explanation, error)
}

// Config is what the verify API works with.
type Config struct {
	Charger      rationhttp.Charger   // who decides
	Reservations Reservations         // who ends what was reserved; only Register needs it
	Callers      *bearer.Callers      // who may ask
	Responder    rationhttp.Responder // how answers to clients look

	AcceptOverage  bool           // settlements may count more than was reserved, also beyond a limit
	OverSettlement ration.Overage // of settlements that don't say; empty: [ration.OverageRefuse]

	// Explain says why a dry run was decided as it was; nil: none is explained.
	Explain Explainer

	// UsagePath is the path at which Usage answers holders of keys. Empty: there is none,
	// and Usage doesn't matter.
	UsagePath string
	Usage     http.Handler

	// Portal answers requests for PortalPath and what is below it, which people open in a
	// browser. An empty path: there is none.
	PortalPath string
	Portal     http.Handler

	// KeyRequestsPath is where KeyRequests answers people without a key, and below it.
	// Empty: nobody does.
	KeyRequestsPath string
	KeyRequests     http.Handler

	// TrustedProxies are the peers whose X-Request-Id is believed.
	TrustedProxies rationhttp.TrustedProxies

	// Observe is called once for each request, after it was answered; nil: nobody
	// watches. It must not block.
	Observe func(context.Context, rationhttp.Event)

	// Log gets what a caller can't be told; nil: nothing is logged.
	Log *slog.Logger
}

// Handler serves POST /v1/verify, and by Register all of the verify API. It is safe for
// concurrent use.
type Handler struct {
	config Config
	// own answers callers, who are told of nobody's limits.
	own rationhttp.Responder
	log *condense.Log
}

// NewHandler returns a Handler; Charger and Callers must be set.
func NewHandler(config Config) *Handler {
	return &Handler{config: config, log: condense.New(config.Log), own: rationhttp.Responder{Style: rationhttp.StyleOff, Realm: "ration"}}
}

// Routes returns the routes that events of the verify API have; all else has none.
func Routes() []string {
	return []string{Path, ReservationsPath, ReservationsPath + "/{id}", ReservationsPath + "/{id}/settle", ReservationsPath + "/{id}/void"}
}

// Register puts the whole verify API on a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle(Path, h)
	register := func(below, method string, serve endpoint) {
		mux.HandleFunc(ReservationsPath+below, func(w http.ResponseWriter, r *http.Request) { h.answer(h.newCall(w, r), method, serve) })
	}
	register("", http.MethodPost, (*Handler).reserve)
	register("/{id}", http.MethodGet, (*Handler).show)
	register("/{id}/settle", http.MethodPost, (*Handler).settle)
	register("/{id}/void", http.MethodPost, (*Handler).void)
	if h.config.UsagePath != "" {
		mux.Handle(h.config.UsagePath, h.config.Usage)
	}
	if h.config.PortalPath != "" {
		mux.Handle(h.config.PortalPath, h.config.Portal)
		mux.Handle(h.config.PortalPath+"/", h.config.Portal)
	}
	if h.config.KeyRequestsPath != "" {
		mux.Handle(h.config.KeyRequestsPath, h.config.KeyRequests)
		mux.Handle(h.config.KeyRequestsPath+"/", h.config.KeyRequests)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.refuse(h.newCall(w, r), h.noPath()) })
}

// ServeHTTP answers one question.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.answer(h.newCall(w, r), http.MethodPost, (*Handler).verify)
}

// endpoint answers a caller whose token is good, or returns why it gets no answer.
type endpoint func(h *Handler, c *call) error

func (h *Handler) answer(c *call, method string, serve endpoint) {
	err := h.serve(c, method, serve)
	refused, isRefusal := errors.AsType[*refusal](err)
	switch {
	case isRefusal:
		h.refuse(c, refused)
	case err != nil:
		h.fail(c, err)
	default:
		h.observe(c)
	}
}

// serve finds out who calls before anything else is read from them.
func (h *Handler) serve(c *call, method string, serve endpoint) error {
	if c.r.Method != method {
		return wrongMethod(method)
	}
	start := time.Now()
	var err error
	if c.asks, err = h.config.Callers.Recognize(c.r, admin.ScopeVerify); err != nil {
		return refusalOf(err)
	}
	c.left = maxWait - time.Since(start)
	if err = serve(h, c); err != nil {
		return c.confirmOr(err)
	}
	return nil
}
