package keyrequests

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationhttp"
)

// Config is what the API works with.
type Config struct {
	Path string // below which it is
	Desk *Desk
	// TrustedProxies are the peers who are believed from where a request comes.
	TrustedProxies rationhttp.TrustedProxies
	// Log gets what a client can't be told; nil: nothing is logged.
	Log *slog.Logger
}

// Handler serves the API. All of it is POST, so that no code is in a URL. It is safe for
// concurrent use.
type Handler struct {
	config    Config
	endpoints map[string]endpoint
	own       rationhttp.Responder
	log       *condense.Log
}

// The endpoints, below Config.Path. That at Path itself asks for a key.
const (
	StatePath  = "/state"
	PickupPath = "/pickup"
)

// callWait bounds how long a client waits for the database.
const callWait = 5 * time.Second

// endpoint answers a request, or returns why it gets no answer.
type endpoint func(h *Handler, c *call) (status int, answer any, err error)

// call is one request.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	from netip.Addr
	id   string
}

// New returns a Handler.
func New(config Config) *Handler {
	return &Handler{
		config: config, log: condense.New(config.Log), own: rationhttp.Responder{Style: rationhttp.StyleOff},
		endpoints: map[string]endpoint{config.Path: (*Handler).ask, config.Path + StatePath: (*Handler).state, config.Path + PickupPath: (*Handler).pickUp},
	}
}

// Serves reports whether a request is for the API. It goes by the path as it was sent:
// another spelling is somebody else's. While nobody can ask for a key, only links are used
// here, so the path itself is free for something else.
func (h *Handler) Serves(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return h.endpoints[path] != nil && (path != h.config.Path || h.config.Desk.Open())
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, from: h.config.TrustedProxies.ClientIP(r), id: h.config.TrustedProxies.RequestID(r)}
	serve := h.endpoints[r.URL.EscapedPath()]
	switch {
	case serve == nil:
		h.refuse(c, &refusal{status: http.StatusNotFound, code: "no_such_route", detail: "There is nothing at this path."})
		return
	case r.Method != http.MethodPost:
		h.own.WrongMethod(c.id, []string{http.MethodPost}).WriteTo(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callWait)
	defer cancel()
	c.r = r.WithContext(ctx)
	status, answer, err := serve(h, c)
	if err != nil {
		h.fail(c, err)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		h.fail(c, err)
		return
	}
	header := w.Header()
	header.Set(rationhttp.RequestIDHeader, c.id)
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; there is nobody else to tell
}

func (h *Handler) ask(c *call) (int, any, error) {
	if !h.config.Desk.Open() {
		return 0, nil, ErrOff
	}
	var body api.NewKeyRequest
	if err := c.read(&body); err != nil {
		return 0, nil, err
	}
	asked, err := h.config.Desk.Ask(c.r.Context(), c.from, admin.KeyAsking{Name: body.Name, Email: body.Email, Reason: body.Reason})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, wire.AskedKey(asked), nil
}

func (h *Handler) state(c *call) (int, any, error) {
	code, err := c.readCode()
	if err != nil {
		return 0, nil, err
	}
	state, err := h.config.Desk.State(c.r.Context(), c.from, code)
	return http.StatusOK, wire.PickupState(state), err
}

func (h *Handler) pickUp(c *call) (int, any, error) {
	code, err := c.readCode()
	if err != nil {
		return 0, nil, err
	}
	issued, err := h.config.Desk.PickUp(c.r.Context(), c.from, code)
	return http.StatusOK, api.PickedUp{ID: issued.Key.ID.String(), Secret: issued.Secret.Reveal()}, err
}

// readCode reads a body that has only a code.
func (c *call) readCode() (ration.Secret, error) {
	var body api.PickupCode
	err := c.read(&body)
	return ration.SecretFromText(body.Code), err
}
