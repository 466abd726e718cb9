package client

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
)

// prefix is where the paths of the admin API begin.
const prefix = "/v1/admin"

// AnyVersion stands for an ETag: a change is made whatever the version is now.
const AnyVersion = "*"

// Admin asks the admin API of a server.
type Admin struct{ *transport }

// NewAdmin returns a client of an admin API. It connects to nobody yet.
func NewAdmin(config Config) (*Admin, error) {
	t, err := newTransport(config)
	return &Admin{t}, err
}

func read[Out any](ctx context.Context, a *Admin, path string, query url.Values) (Out, error) {
	out, _, err := ask[Out](ctx, a.transport, call{method: http.MethodGet, path: prefix + path, query: query, reads: true})
	return out, err
}

// inquire is read with a question in the body.
func inquire[Out any](ctx context.Context, a *Admin, path string, body any) (Out, error) {
	out, _, err := ask[Out](ctx, a.transport, call{method: http.MethodPost, path: prefix + path, body: body, reads: true})
	return out, err
}

func change[Out any](ctx context.Context, a *Admin, method, path string, body any) (Out, error) {
	out, _, err := ask[Out](ctx, a.transport, call{method: method, path: prefix + path, body: body})
	return out, err
}

// once is a change that the server makes at most once, however often the call is sent.
// What keeps it apart from others must be hard to guess: on the administration socket it
// also keeps the answer secret.
func once[Out any](ctx context.Context, a *Admin, path string, body any) (Out, error) {
	out, _, err := ask[Out](ctx, a.transport, call{
		method: http.MethodPost, path: prefix + path, body: body, header: http.Header{"Idempotency-Key": {rand.Text()}}, repeatable: true,
	})
	return out, err
}

// patch changes the version of a thing that the caller has seen.
func patch[Out any](ctx context.Context, a *Admin, path, version string, body any) (Out, error) {
	out, _, err := ask[Out](ctx, a.transport, call{
		method: http.MethodPatch, path: prefix + path, body: body, header: http.Header{"If-Match": {version}},
	})
	return out, err
}

// versioned is read with the version of what was read.
func versioned[Out any](ctx context.Context, a *Admin, path string) (out Out, version string, err error) {
	out, header, err := ask[Out](ctx, a.transport, call{method: http.MethodGet, path: prefix + path, reads: true})
	return out, header.Get("ETag"), err
}

// queryOf returns the parameters that have a value, from names and values.
func queryOf(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// number returns a number as a parameter; 0 is left out.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func flag(set bool) string {
	if !set {
		return ""
	}
	return "true"
}
