package inbound

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ration-dev/ration/rationhttp"
)

// pathHeaders let a client name another path than the one that was charged, in
// frameworks that believe them.
var pathHeaders = []string{"X-Original-Url", "X-Rewrite-Url"}

// methodHeaders do the same for the method, as does whatever has methodOverride in
// its name.
var methodHeaders = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Method", "Http-Method", "X-Real-Method", "X-Request-Method", "X-Http-Verb", "X-Verb", "X-Override-Method", "Override-Method"}

// gatewayHeaders are what gateways overwrite, besides what Ration answers.
var gatewayHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Uri", "X-Original-Method", "X-Original-Uri"}

// methodOverride is a part of a folded name.
const methodOverride = "methodoverride"

// hygiene knows the headers that are not the client's to set.
type hygiene struct {
	ours      map[string]bool // by folded name: dropped always, we set them
	framing   map[string]bool // by folded name: dropped in any spelling but the usual one
	methods   map[string]bool // by folded name: refused
	aliases   map[string]bool // by folded name: refused in any spelling but the usual one
	guarded   map[string]bool // by folded name: what Connection may not name, with what is believed
	passed    map[string]bool // by folded name: passed on from everybody, in the usual spelling
	believed  families        // dropped unless a trusted proxy sent the usual spelling
	keyHeader string          // carries the key
	lenient   bool            // passes ambiguous queries on
	overrides bool            // passes method overrides on
}

func newHygiene(config Config) hygiene {
	h := hygiene{
		ours:      folded([]string{headerSubject, headerKeyID, headerPlan, rationhttp.RequestIDHeader, proxyVariable}, pathHeaders, config.FixedHeaders),
		framing:   folded(framing),
		methods:   folded(methodHeaders),
		guarded:   folded([]string{config.Gate.Sources.KeyHeader(), "Authorization", "Host", "Content-Length"}),
		passed:    folded(credentials, config.PassHeaders),
		believed:  newFamilies(believed, endings),
		keyHeader: rationhttp.FoldName(config.Gate.Sources.KeyHeader()),
		lenient:   config.Routes.AllowsAmbiguous(),
		overrides: config.AllowOverrides,
	}
	maps.Copy(h.guarded, h.ours)
	if config.RefuseAliases {
		h.aliases = folded(framing, pathHeaders, gatewayHeaders, []string{headerSubject, headerKeyID, headerPlan, headerReservation, rationhttp.RequestIDHeader})
	}
	return h
}

// folded returns the folded forms of names.
func folded(lists ...[]string) map[string]bool {
	set := make(map[string]bool)
	for _, name := range slices.Concat(lists...) {
		set[rationhttp.FoldName(name)] = true
	}
	return set
}

// clean drops what is not the client's to set.
func (h *hygiene) clean(header http.Header, trusted bool) {
	var buffer [64]byte
	for key := range header {
		n := readName(key, buffer[:])
		if !h.mayPass(n, trusted) {
			delete(header, key)
		}
	}
}

// mayPass reports whether a header may reach the upstream by its name.
func (h *hygiene) mayPass(n name, trusted bool) bool {
	switch {
	case h.ours[string(n.folded)], h.framing[string(n.folded)] && !n.plain:
		return false
	case h.believed.hold(n):
		return n.plain && (trusted || h.passed[string(n.folded)])
	}
	return true
}

// guards reports whether Connection may not name a header.
func (h *hygiene) guards(token string) bool {
	n := readName(token, nil)
	return h.guarded[string(n.folded)] || h.believed.hold(n)
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

// check refuses requests that an upstream could read differently from us.
func (h *hygiene) check(r *http.Request) error {
	switch r.Method {
	case http.MethodConnect: // a tunnel would carry requests that nobody charges
		return &Fault{http.StatusNotImplemented, "method_not_supported", "CONNECT is not passed on."}
	case http.MethodTrace: // an upstream would echo the headers that only it may see
		return &Fault{http.StatusNotImplemented, "method_not_supported", "TRACE is not passed on."}
	}
	for _, value := range r.Header["Connection"] {
		for token := range strings.SplitSeq(value, ",") {
			if h.guards(token) {
				return &Fault{http.StatusBadRequest, "invalid_connection", "Connection names a header that is not hop-by-hop."}
			}
		}
	}
	for name := range r.Header {
		if folded := rationhttp.FoldName(name); !h.overrides && (h.methods[folded] || strings.Contains(folded, methodOverride)) {
			return &Fault{http.StatusBadRequest, "ambiguous_method", "A header names another method than the request's."}
		}
	}
	if h.hasAlias(r.Header) {
		return &Fault{http.StatusBadRequest, "ambiguous_header", "A header has another spelling of a name that only the gateway may set."}
	}
	if reason := ambiguousQuery(r.URL.RawQuery); reason != "" && !h.lenient {
		return &Fault{http.StatusBadRequest, "ambiguous_query", "The query can be read in two ways: " + reason + "."}
	}
	return nil
}

// hasAlias reports whether some applications read a header as one that only Ration or its
// gateway sets.
func (h *hygiene) hasAlias(header http.Header) bool {
	if h.aliases == nil {
		return false
	}
	var buffer [64]byte
	for key := range header {
		if n := readName(key, buffer[:]); !n.plain && h.aliases[string(n.folded)] {
			return true
		}
	}
	return false
}
