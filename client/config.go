package client

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says which server a client asks, and how.
type Config struct {
	// URL is where the API listens, such as http://127.0.0.1:8082 for the admin API and
	// http://127.0.0.1:8081 for the verify API. It may have a path, behind a proxy.
	URL string
	// Token is the secret of a service token. Empty: none is sent.
	Token Token
	// HTTP sends the requests. Nil: a client of its own, with a timeout of 30 s for each
	// attempt, that follows no redirect: a token is for the server that was named.
	HTTP *http.Client
	// Retries is how often a call is sent again at most; see the package's documentation.
	// 0: 2. Negative: never.
	Retries int
}

// Token is the secret of a service token. It is not shown by fmt, log/slog and JSON; write
// string(token) for its text.
type Token string

// String implements fmt.Stringer.
func (t Token) String() string { return "[redacted]" }

// GoString implements fmt.GoStringer.
func (t Token) GoString() string { return t.String() }

// MarshalText implements encoding.TextMarshaler.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

const (
	defaultRetries = 2
	defaultTimeout = 30 * time.Second
)

// transport sends requests to one server.
type transport struct {
	base    string // without a slash at its end
	token   Token
	http    *http.Client
	retries int
}

func newTransport(config Config) (*transport, error) {
	location, err := url.Parse(config.URL)
	if err != nil || location.Scheme != "http" && location.Scheme != "https" || location.Host == "" || location.User != nil || location.RawQuery != "" {
		return nil, fmt.Errorf("the server's URL must be like http://127.0.0.1:8082, without a user and a query")
	}
	return &transport{
		base: strings.TrimRight(config.URL, "/"), token: config.Token,
		http:    cmp.Or(config.HTTP, &http.Client{Timeout: defaultTimeout, CheckRedirect: stay}),
		retries: max(cmp.Or(config.Retries, defaultRetries), 0),
	}, nil
}

// stay makes a redirect the answer.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
