package adminapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// request is what is known of a request beside its input.
type request struct {
	id     string
	target string // the method and the path
	header http.Header
	query  url.Values
	caller Caller
}

type requestKey struct{}

// requestOf returns the request that a context belongs to.
func requestOf(ctx context.Context) *request {
	r, found := ctx.Value(requestKey{}).(*request)
	if !found {
		return &request{}
	}
	return r
}

// scopeKey is where an operation says which scope it needs, in its metadata.
const scopeKey = "scope"

// authenticate finds out who calls before anything else is read from them.
func (a *API) authenticate(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	scope, _ := c.Operation().Metadata[scopeKey].(string)
	caller, err := a.config.Authenticate(r, scope)
	if err != nil {
		a.problemOf(c.Context(), err).writeTo(w)
		return
	}
	requestOf(c.Context()).caller = caller
	next(c)
}

// refuseLarge refuses a body that says itself that it is too large, before it comes.
func refuseLarge(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	if most := c.Operation().MaxBodyBytes; most > 0 && r.ContentLength > most {
		w.Header().Set("Connection", "close") // what comes of it is not read
		errBodyTooLarge.problem(requestOf(c.Context()).id).writeTo(w)
		return
	}
	next(c)
}
