package portal

import (
	"bytes"
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationhttp"
)

// Config says what the pages show and whom they ask.
type Config struct {
	// Path is where the pages are: this path and what is below it.
	Path string
	// URL is the public URL of Path, for links. Empty: links have Path, and examples have
	// the host that the browser asked.
	URL   string
	Brand Brand
	// Usage tells what a key used. Its rules for who may ask hold here too.
	Usage *rationhttp.Usage
	// UsageURL is where a holder asks with a program. It may be a path. Empty: nowhere.
	UsageURL string
	// Gate is that of the ways in. Whom it charges doesn't matter.
	Gate rationhttp.Gate
	// Refusals reads the last calls of a key that were refused. Nil: no request log is
	// written, so nobody knows them.
	Refusals Refusals
	// Desk is where keys are asked for and picked up. Nil: neither is done here.
	Desk Desk
	// Rotate replaces a secret. Nil: holders can't.
	Rotate Rotator
	// RotationOverlap is how long the former secret stays valid.
	RotationOverlap time.Duration
	// Log gets the pages' failures. Nil: nothing is logged.
	Log *slog.Logger
}

// Portal is an http.Handler for the pages. It is safe for concurrent use.
type Portal struct {
	config     Config
	base       string // what links begin with
	pages      map[string]*template.Template
	assets     map[string]asset
	css, js    string // the URLs of the assets
	logo, icon string
	protection *http.CrossOriginProtection
}

// New returns the pages.
func New(config Config) *Portal {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	p := &Portal{config: config, base: config.Path, pages: parsePages(), assets: make(map[string]asset), icon: noIcon, protection: http.NewCrossOriginProtection()}
	if public, err := url.Parse(config.URL); err == nil && config.URL != "" {
		p.base = public.EscapedPath()
	}
	p.css = p.addAsset("portal", ".css", "text/css; charset=utf-8", append(readStatic("portal.css"), config.Brand.stylesheet()...))
	p.js = p.addAsset("portal", ".js", "text/javascript; charset=utf-8", readStatic("portal.js"))
	if logo := config.Brand.Logo; logo != nil {
		p.logo = p.addAsset("logo", logo.extension, logo.contentType, logo.content)
		p.icon = p.logo
	}
	return p
}

// Serves reports whether a request is for one of the pages. It goes by the path as it was
// sent: another spelling is somebody else's.
func (p *Portal) Serves(r *http.Request) bool {
	below, found := strings.CutPrefix(r.URL.EscapedPath(), p.config.Path)
	return found && (below == "" || below[0] == '/')
}

// page is one of the pages, by its methods.
type page struct {
	get, post func(*Portal, *visit)
}

var routes = map[string]page{
	"":        {get: (*Portal).showHolder, post: (*Portal).tellHolder},
	"/":       {get: (*Portal).showHolder, post: (*Portal).tellHolder},
	"/rotate": {get: (*Portal).toHolder, post: (*Portal).rotate},

	RequestPath: {get: (*Portal).showRequest, post: (*Portal).ask},
	PickupPath:  {get: (*Portal).showPickup, post: (*Portal).pickUp},
}

// visit is one request for a page.
type visit struct {
	w         http.ResponseWriter
	r         *http.Request
	requestID string
	form      url.Values // of a POST
}

// ServeHTTP implements http.Handler.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	below := strings.TrimPrefix(r.URL.EscapedPath(), p.config.Path)
	v := &visit{w: w, r: r, requestID: p.config.Gate.TrustedProxies.RequestID(r)}
	secure(w.Header())
	w.Header().Set(rationhttp.RequestIDHeader, v.requestID)
	if name, found := strings.CutPrefix(below, assetsPath); found && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		p.serveAsset(v, name)
		return
	}
	served, known := routes[below]
	switch {
	case !known:
		p.fail(v, http.StatusNotFound, "There is no page here", "Check the address, or begin at the first page.")
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		served.get(p, v)
	case r.Method == http.MethodPost && served.post != nil:
		if p.readForm(v) {
			served.post(p, v)
		}
	default:
		methods := []string{http.MethodGet, http.MethodHead}
		if served.post != nil {
			methods = append(methods, http.MethodPost)
		}
		w.Header().Set("Allow", strings.Join(methods, ", "))
		p.fail(v, http.StatusMethodNotAllowed, "This page can't do that", "Use one of these methods: "+strings.Join(methods, ", ")+".")
	}
}

// content is what every page shows, and Page what only one does.
type content struct {
	Here        string // the page's name
	Title       string
	Base        string
	Brand       Brand
	CSS, JS     string
	Logo, Icon  template.URL
	Link        string
	Rotation    bool
	Overlap     string // in words
	HeaderName  string
	UsageURL    string
	HasRequests bool // keys can be asked for
	HasPickup   bool // links can be used
	Page        any
}

// render answers with a page. A template that fails is a mistake of ours.
func (p *Portal) render(v *visit, status int, name, title string, shown any) {
	var body bytes.Buffer
	err := p.pages[name].ExecuteTemplate(&body, "layout", content{
		Here: name, Title: title, Base: p.base, Brand: p.config.Brand, CSS: p.css, JS: p.js,
		Logo: template.URL(p.logo), Icon: template.URL(p.icon), //nolint:gosec // both are ours
		Link: p.config.Brand.Link, Rotation: p.config.Rotate != nil, Overlap: spanWords(p.config.RotationOverlap),
		HasRequests: p.config.Desk != nil && p.config.Desk.Open(), HasPickup: p.config.Desk != nil,
		HeaderName: p.config.Gate.Sources.KeyHeader(), UsageURL: p.usageURL(v.r), Page: shown,
	})
	if err != nil {
		p.config.Log.ErrorContext(v.r.Context(), "a page of the portal can't be made", "page", name, "request_id", v.requestID, "error", err)
		http.Error(v.w, "Internal error", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body.Bytes()) // the browser may be gone; there is nobody else to tell
}

// trouble says why a page could not do what was asked.
type trouble struct {
	Title, Detail string
	RequestID     string
	Again         bool // the same may be asked again
}

// fail answers with a page that says what is wrong.
func (p *Portal) fail(v *visit, status int, title, detail string) {
	p.render(v, status, "error", title, trouble{Title: title, Detail: detail, RequestID: v.requestID})
}

// usageURL is where a program asks what a key used.
func (p *Portal) usageURL(r *http.Request) string {
	if p.config.UsageURL == "" || !strings.HasPrefix(p.config.UsageURL, "/") {
		return p.config.UsageURL
	}
	return p.origin(r) + p.config.UsageURL
}

// origin returns the scheme and the host of the pages: those of the public URL, or those
// that the browser asked for.
func (p *Portal) origin(r *http.Request) string {
	if public, err := url.Parse(p.config.URL); err == nil && public.Host != "" {
		return public.Scheme + "://" + public.Host
	}
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if p.config.Gate.TrustedProxies.TrustsPeer(r) {
		if told := r.Header.Get("X-Forwarded-Proto"); told == "https" || told == "http" {
			scheme = told
		}
		if told := r.Header.Get("X-Forwarded-Host"); told != "" {
			host = told
		}
	}
	if !isHost(host) {
		host = "api.example.com"
	}
	return scheme + "://" + host
}

// isHost reports whether text has only what hosts and ports have, so that it can stand in
// a line for a shell.
func isHost(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !slices.Contains([]rune(".-:[]"), c)
	})
}

// Refusals reads the last calls of a key that were refused.
type Refusals interface {
	// LastRefused returns them, the newest first. See [admin.Service.LastRefused].
	LastRefused(ctx context.Context, id ration.KeyID) ([]admin.Refused, error)
}

// Rotator replaces a secret by a new one with the same label, in the name of who holds it.
type Rotator interface {
	// RotateHeld returns the new secret. See [admin.Service.RotateHeld] for its errors.
	RotateHeld(ctx context.Context, secret ration.Secret, overlap time.Duration) (admin.IssuedSecret, error)
}
