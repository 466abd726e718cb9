package proxy

import (
	"net/http"
	"strings"

	"github.com/ration-dev/ration/rationhttp"
)

// The headers by which an upstream learns whose request it is.
const (
	headerSubject = "X-Auth-Subject"
	headerKeyID   = "X-Auth-Key-Id"
	headerPlan    = "X-Auth-Plan"
)

// pathHeaders let a client name another path than the one that was charged, in
// frameworks that believe them.
var pathHeaders = []string{"X-Original-Url", "X-Rewrite-Url"}

// methodHeaders do the same for the method.
var methodHeaders = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// forwardingHeaders tell of the way that a request took. They are passed on only
// from a trusted proxy.
var forwardingHeaders = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix",
	"X-Forwarded-Server", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-User",
	"X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip",
}

// hygiene knows the headers that are not the client's to set. Names are compared
// in folded form, see [rationhttp.FoldName].
type hygiene struct {
	ours       map[string]bool   // dropped always: we set them
	forwarding map[string]string // dropped unless a trusted proxy sent the canonical spelling, which is the value
	methods    map[string]bool   // refused
	guarded    map[string]bool   // what Connection may not name
	keyHeader  string            // carries the key
	lenient    bool              // passes method overrides on
}

func newHygiene(config Config) hygiene {
	h := hygiene{ours: map[string]bool{}, forwarding: map[string]string{}, methods: map[string]bool{}, guarded: map[string]bool{}}
	for _, name := range []string{headerSubject, headerKeyID, headerPlan, rationhttp.RequestIDHeader} {
		h.ours[rationhttp.FoldName(name)] = true
	}
	for _, name := range pathHeaders {
		h.ours[rationhttp.FoldName(name)] = true
	}
	for name := range config.Headers {
		h.ours[rationhttp.FoldName(name)] = true
	}
	for _, name := range forwardingHeaders {
		h.forwarding[rationhttp.FoldName(name)] = name
		h.guarded[rationhttp.FoldName(name)] = true
	}
	for _, name := range methodHeaders {
		h.methods[rationhttp.FoldName(name)] = true
	}
	for name := range h.ours {
		h.guarded[name] = true
	}
	for _, name := range []string{config.Gate.Sources.KeyHeader(), "Authorization", "Host", "Content-Length"} {
		h.guarded[rationhttp.FoldName(name)] = true
	}
	h.keyHeader = rationhttp.FoldName(config.Gate.Sources.KeyHeader())
	h.lenient = config.Routes.AllowsAmbiguous()
	return h
}

// clean drops what is not the client's to set.
func (h *hygiene) clean(header http.Header, trusted bool) {
	for name := range header {
		folded := rationhttp.FoldName(name)
		canonical, forwarding := h.forwarding[folded]
		if h.ours[folded] || forwarding && (!trusted || name != canonical) {
			delete(header, name)
		}
	}
}

// hasKey reports whether a request has the header for keys, by any spelling.
func (h *hygiene) hasKey(r *http.Request) bool {
	for name := range r.Header {
		if rationhttp.FoldName(name) == h.keyHeader {
			return true
		}
	}
	return false
}

// requestFault is what is wrong with a request before it is charged.
type requestFault struct {
	status int
	code   string
	detail string
}

// Error implements error.
func (f *requestFault) Error() string { return f.detail }

// check refuses requests that an upstream could read differently from us.
func (h *hygiene) check(r *http.Request) error {
	switch r.Method {
	case http.MethodConnect: // a tunnel would carry requests that nobody charges
		return &requestFault{http.StatusNotImplemented, "method_not_supported", "CONNECT is not passed on."}
	case http.MethodTrace: // an upstream would echo the headers that only it may see
		return &requestFault{http.StatusNotImplemented, "method_not_supported", "TRACE is not passed on."}
	}
	for _, value := range r.Header["Connection"] {
		for token := range strings.SplitSeq(value, ",") {
			if h.guarded[rationhttp.FoldName(token)] {
				return &requestFault{http.StatusBadRequest, "invalid_connection", "Connection names a header that is not hop-by-hop."}
			}
		}
	}
	if h.lenient {
		return nil
	}
	for name := range r.Header {
		if h.methods[rationhttp.FoldName(name)] {
			return &requestFault{http.StatusBadRequest, "ambiguous_method", "A header names another method than the request's."}
		}
	}
	if reason := ambiguousQuery(r.URL.RawQuery); reason != "" {
		return &requestFault{http.StatusBadRequest, "ambiguous_query", "The query can be read in two ways: " + reason + "."}
	}
	return nil
}
