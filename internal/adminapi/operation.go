package adminapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ration-dev/ration/rationadmin"
)

// operation describes an operation of the API.
type operation struct {
	id      string // "createKey": names it in clients that are made from the document
	method  string
	path    string // below Prefix
	tag     string // the noun
	summary string
	about   string                     // more than the summary says
	scope   string                     // that a token needs
	status  int                        // of success; 0: 200
	body    int64                      // most bytes of a request's body; 0: maxBody
	local   bool                       // only for callers on this machine; not in the document
	example any                        // of a request's body; nil: it has none
	answers map[string]*huma.MediaType // of success, by media type; nil: JSON of the type of the output
	errors  []int                      // statuses of errors besides those that every operation has
}

// maxBody is the longest body of an ordinary request, in bytes.
const maxBody = 1 << 20

// The scopes that operations need.
const (
	scopeRead  = rationadmin.ScopeRead
	scopeKeys  = rationadmin.ScopeKeys
	scopeAdmin = rationadmin.ScopeAdmin
)

// reply is what most operations answer.
type reply[T any] struct{ Body T }

// onceReply is the reply of a change that may be sent again.
type onceReply[T any] struct {
	Replayable
	Body T
}

// replyWith returns a reply, or the error.
func replyWith[T any](body T, err error) (*reply[T], error) {
	if err != nil {
		return nil, err
	}
	return &reply[T]{body}, nil
}

// register serves an operation. serve gets the caller, and an input that has the form
// that its type describes.
func register[I, O any](a *API, op operation, serve func(context.Context, Caller, *I) (*O, error)) {
	described := huma.Operation{
		OperationID: op.id, Method: op.method, Path: Prefix + op.path, Summary: op.summary, Description: op.about, Tags: []string{op.tag},
		DefaultStatus: op.status, MaxBodyBytes: op.body, Hidden: op.local,
		BodyReadTimeout: -1, // the listener ends what is too slow: an import may take its time
		Metadata:        map[string]any{scopeKey: op.scope},
		Security:        []map[string][]string{{"token": {op.scope}}},
		Errors:          op.statuses(),
	}
	if op.answers != nil {
		described.Responses = map[string]*huma.Response{strconv.Itoa(http.StatusOK): {Description: http.StatusText(http.StatusOK), Content: op.answers}}
	}
	if op.example != nil {
		described.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: op.example}}}
	}
	if described.MaxBodyBytes == 0 {
		described.MaxBodyBytes = maxBody
	}
	huma.Register(a.huma, described, func(ctx context.Context, input *I) (*O, error) {
		caller := requestOf(ctx).caller
		if op.local && !caller.Local {
			return nil, a.problemOf(ctx, errOnlyLocal)
		}
		output, err := serve(rationadmin.WithOrigin(ctx, caller.Origin), caller, input)
		if err != nil {
			return nil, a.problemOf(ctx, err)
		}
		return output, nil
	})
	if op.example != nil {
		delete(described.RequestBody.Content, "application/octet-stream") // of RawBody, which is the same body
	}
}

// statuses returns the statuses of all errors that the operation may answer with.
func (op *operation) statuses() []int {
	statuses := []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}
	if strings.Contains(op.path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	if op.scope != scopeRead {
		statuses = append(statuses, http.StatusNotFound, http.StatusConflict)
	}
	if op.example != nil {
		statuses = append(statuses, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return append(statuses, op.errors...)
}

var errOnlyLocal = &Refusal{
	Status: http.StatusForbidden, Code: "only_local",
	Detail: "This can be done only on the server's machine, by the command line with --db.",
}
