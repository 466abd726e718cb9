package forwardauth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

// Where gateways ask.
const (
	Path   = "/v1/forward-auth" // and options
	Prefix = "/v1/ext-authz"    // and the request's own path
)

// The names of these integrations in charges and events.
const (
	Via         = "forward-auth"
	ViaExtAuthz = "ext-authz"
)

// Config says how gateways are answered.
type Config struct {
	// Inbound says how requests are read. Its Via and CORS don't matter.
	Inbound inbound.Config
	// CORS says which web pages may read an answer that refuses. If it is set, the API
	// answers preflights, on the routes that [route.Table.PassedOn] allows.
	CORS cors.Policy
	// Callers recognises gateways by a service token in [TokenHeader]. Nil: to be in
	// trusted_proxies is enough.
	Callers *bearer.Callers
	// Log gets what is wrong with a gateway. Nil: nothing is logged.
	Log *slog.Logger
}

// Handler answers gateways. It is safe for concurrent use.
type Handler struct {
	config    Config
	gate      *rationhttp.Gate
	trouble   *condense.Log
	forwarded *inbound.Reader // for [Path]
	envoy     *inbound.Reader // for [Prefix]
}

// New returns a Handler. Routes and a Charger must be set in the configuration.
func New(config Config) *Handler {
	forwarded, pages := config.Inbound.ForGateway(Via, config.CORS)
	envoy, _ := config.Inbound.ForGateway(ViaExtAuthz, config.CORS)
	config.CORS = pages
	forwarded.RefuseAliases, envoy.RefuseAliases = true, true // not all gateways can drop them
	return &Handler{
		config: config, gate: &config.Inbound.Gate, trouble: condense.New(config.Log),
		forwarded: inbound.NewReader(forwarded), envoy: inbound.NewReader(envoy),
	}
}

// Serves returns the way in that a request is for; empty: it is for neither. It goes by
// the target as it was sent: what a client has in its path is not to be cleaned up.
func Serves(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case path == Path, strings.HasPrefix(path, Path+"/"):
		return Via
	case strings.HasPrefix(path, Prefix+"/"):
		return ViaExtAuthz
	}
	return ""
}

// ServeHTTP answers a gateway.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{
		Request: inbound.Request{In: r, ID: h.gate.TrustedProxies.RequestID(r)},
		asked:   r, via: Serves(r), reader: h.forwarded,
	}
	if c.via == ViaExtAuthz {
		c.reader = h.envoy
	}
	if err := h.prepare(c); err != nil {
		h.refuse(w, c, err)
		return
	}
	if err := c.reader.Judge(&c.Request); err != nil {
		h.refuse(w, c, err)
		return
	}
	if err := h.askOnce(c); err != nil {
		h.refuse(w, c, err)
		return
	}
	if c.Route.Free {
		h.tell(c, rationhttp.Event{Code: inbound.UncountedCode(&c.Request)})
		h.admit(w, c)
		return
	}
	c.Answer = h.gate.Ask(r.Context(), *c.reader.CallerOf(&c.Request), c.Question)
	if !c.Answer.Admitted {
		h.deny(w, c, c.Answer.Response)
		return
	}
	h.admit(w, c)
}

// call is one question of a gateway.
type call struct {
	inbound.Request // the request that it asks about
	asked           *http.Request
	via             string
	reader          *inbound.Reader
	options         options
}

// prepare finds out who asks, and about which request.
func (h *Handler) prepare(c *call) (err error) {
	if err := h.authorize(c.asked); err != nil {
		return err
	}
	if c.via == ViaExtAuthz {
		c.In, err = inbound.Original(c.asked, c.asked.Method, strings.TrimPrefix(c.asked.RequestURI, Prefix))
		return err
	}
	if c.options, err = parseOptions(c.asked.RequestURI); err != nil {
		return err
	}
	c.In, err = originalOf(c.asked)
	return err
}

// refuse answers a request that was not charged.
func (h *Handler) refuse(w http.ResponseWriter, c *call, err error) {
	h.noteGateway(c, err)
	response := c.reader.Refusal(&c.Request, err)
	h.tell(c, rationhttp.Event{Code: ration.Code(response.Problem.Code), Status: response.Status})
	h.deny(w, c, response)
}

// tell tells the observer of an answer that the gate was not asked about.
func (h *Handler) tell(c *call, event rationhttp.Event) {
	if h.gate.Observe == nil {
		return
	}
	event.Via, event.RequestID = c.via, c.ID
	if c.Route != nil {
		event.Route = c.Route.Name
	}
	h.gate.Observe(c.asked.Context(), event)
}

// noteGateway tells whoever runs this of a gateway that is not set up.
func (h *Handler) noteGateway(c *call, err error) {
	fault, cure := faultOfGateway(err)
	if fault == nil {
		return
	}
	h.trouble.Say(context.WithoutCancel(c.asked.Context()), slog.LevelWarn, condense.Kind{Message: "a gateway's question was refused", Code: fault.Code},
		slog.String("via", c.via), slog.String("peer", c.asked.RemoteAddr), slog.String("reason", fault.Detail), slog.String("cure", cure))
}
