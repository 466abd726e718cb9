package forwardauth

import (
	"net/http"
	"strings"

	"github.com/ration-dev/ration/internal/inbound"
)

// The headers in which gateways say which request they ask about. A gateway sets some of
// them, and a client may have sent the others: so all that are there have to agree.
var (
	methodHeaders = []string{"X-Forwarded-Method", "X-Original-Method"}
	uriHeaders    = []string{"X-Forwarded-Uri", "X-Original-Uri"}
)

// rewriteHeader is not one of them: no gateway sends it, and not all can take it away.
const rewriteHeader = "X-Rewrite-Url"

// urlHeader holds a whole URL: of ingress-nginx.
const urlHeader = "X-Original-Url"

var (
	errNoOriginal = &inbound.Fault{
		Status: http.StatusBadRequest, Code: codeNoOriginal, Detail: "The gateway has to send the request's method and URI, as X-Forwarded-Method and X-Forwarded-Uri.",
	}
	errRewrite = &inbound.Fault{
		Status: http.StatusBadRequest, Code: codeBadOriginal, Detail: rewriteHeader + " names another path, and the API may believe it.",
	}
	errContradiction = &inbound.Fault{
		Status: http.StatusBadRequest, Code: codeBadOriginal, Detail: "Headers contradict each other about the method or the URI of the request.",
	}
)

// originalOf returns the request that a gateway asks about. It has the headers of the
// question, which are the client's as the gateway passed them on.
func originalOf(asked *http.Request) (*http.Request, error) {
	var method, uri agreed
	for _, name := range methodHeaders {
		method.add(asked.Header[name])
	}
	for _, name := range uriHeaders {
		uri.add(asked.Header[name])
	}
	for _, whole := range asked.Header[urlHeader] {
		uri.add([]string{pathOf(whole)})
	}
	switch {
	case len(asked.Header[rewriteHeader]) > 0:
		return nil, errRewrite
	case method.contradicted || uri.contradicted:
		return nil, errContradiction
	case method.text == "" || uri.text == "":
		return nil, errNoOriginal
	}
	return inbound.Original(asked, method.text, uri.text)
}

// agreed is what all of several values say.
type agreed struct {
	text         string // empty: there was none
	some         bool
	contradicted bool
}

func (a *agreed) add(values []string) {
	for _, value := range values {
		a.contradicted = a.contradicted || a.some && value != a.text
		a.text, a.some = value, true
	}
}

// pathOf returns the path and query of a URL. A host has no slash in it.
func pathOf(whole string) string {
	_, rest, found := strings.Cut(whole, "://")
	if !found || strings.HasPrefix(whole, "/") {
		return whole
	}
	if start := strings.IndexByte(rest, '/'); start >= 0 {
		return rest[start:]
	}
	return "/"
}
