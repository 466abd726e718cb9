package adminapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
)

// Prefix is where the paths of all operations begin.
const Prefix = "/v1/admin"

// Caller is who sent a request, and what they can do.
type Caller struct {
	Actor      string           // for the audit log
	Operations admin.Operations // refuses what the caller may not do
	Origin     rationadmin.Origin
	Secret     ration.Secret // of the service token that was sent; zero: the caller is known without one
	Local      bool          // on the machine that has the database, as the user of the process
}

// Config is what the API works with.
type Config struct {
	// Authenticate says who sent a request that needs a scope. Its error is answered as
	// errors of operations are; a [Refusal] says by itself how.
	Authenticate func(r *http.Request, scope string) (Caller, error)

	// TrustedProxies are the peers whose X-Request-Id is believed.
	TrustedProxies rationhttp.TrustedProxies

	Log *slog.Logger // gets what a caller can't be told; nil: nothing is logged
}

// API serves the operations of administration. It is safe for concurrent use.
type API struct {
	config Config
	mux    *http.ServeMux
	huma   huma.API
	log    *condense.Log
}

// New returns an API; Authenticate must be set.
func New(config Config) *API {
	replaceErrors()
	a := &API{config: config, mux: http.NewServeMux(), log: condense.New(config.Log)}
	a.huma = humago.New(a.mux, describe())
	a.huma.UseMiddleware(a.authenticate, refuseLarge)
	a.registerKeys()
	a.registerKeyChanges()
	a.registerSecrets()
	a.registerKeyRequests()
	a.registerPlans()
	a.registerMeters()
	a.registerTokens()
	a.registerSessions()
	a.registerUsage()
	a.registerTraffic()
	a.registerReservations()
	a.registerJobs()
	a.registerAudit()
	a.registerEvents()
	a.registerWebhooks()
	a.registerReports()
	a.registerImports()
	a.registerSystem()
	return a
}

// OpenAPI returns the document that describes the API.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := a.config.TrustedProxies.RequestID(r)
	w.Header().Set(rationhttp.RequestIDHeader, id)
	w.Header().Set("Cache-Control", "no-store")
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, &request{id: id, target: r.Method + " " + r.URL.EscapedPath(), header: r.Header, query: r.URL.Query()}))
	if a.documents(w, r) {
		return
	}
	if refused := a.misrouted(r); refused != nil {
		refused.problem(id).writeTo(w)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// misrouted says what is wrong with the path or the method; nil: nothing is.
func (a *API) misrouted(r *http.Request) *Refusal {
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		return nil
	}
	seen := headerOnly{header: http.Header{}}
	handler.ServeHTTP(&seen, r)
	if allow := seen.header.Get("Allow"); allow != "" {
		return &Refusal{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "Use " + allow + ".", Allow: allow}
	}
	return &Refusal{
		Status: http.StatusNotFound, Code: "no_such_route",
		Detail: "There is nothing at this path. /openapi.json lists the paths.",
	}
}

// headerOnly keeps the header of an answer and drops the rest.
type headerOnly struct{ header http.Header }

// Header implements http.ResponseWriter.
func (h *headerOnly) Header() http.Header { return h.header }

// Write implements http.ResponseWriter.
func (h *headerOnly) Write(text []byte) (int, error) { return len(text), nil }

// WriteHeader implements http.ResponseWriter.
func (h *headerOnly) WriteHeader(int) {}
