package harness

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// Outcome is what a client knows of a request.
type Outcome int

// The outcomes.
const (
	Admitted Outcome = iota // 200
	Denied                  // 429
	Unsent                  // no connection was made, so nothing can have been charged
	Refused                 // 503 store_unavailable: nothing was charged
	Unknown                 // anything else: it may have been charged
)

// Tally counts outcomes.
type Tally [Unknown + 1]int

// Add adds another tally.
func (t *Tally) Add(other Tally) {
	for i, n := range other {
		t[i] += n
	}
}

// Client sends requests with a key's secret. It is safe for concurrent use.
type Client struct{ http http.Client }

// NewClient makes a client. Connections are not reused: one that a killed instance left behind would make
// Go's transport send a request twice.
func NewClient() *Client {
	return &Client{http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
		Timeout:   30 * time.Second,
	}}
}

// Call sends one request and says what came of it.
func (c *Client) Call(ctx context.Context, url, secret string) Outcome {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Unsent
	}
	request.Header.Set("X-API-Key", secret)
	response, err := c.http.Do(request)
	if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
		return Unsent
	}
	if err != nil {
		return Unknown
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case response.StatusCode == http.StatusOK && err == nil && string(body) == "ok":
		return Admitted
	case response.StatusCode == http.StatusTooManyRequests:
		return Denied
	case response.StatusCode == http.StatusServiceUnavailable && isRefusal(body):
		return Refused
	}
	return Unknown
}

func isRefusal(body []byte) bool {
	var problem api.Problem
	return json.Unmarshal(body, &problem) == nil && problem.Code == string(ration.CodeStoreUnavailable)
}
