package adminsock

import (
	"net/http"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// WithSilence makes a client that waits so long for a sign of life.
func (c *Client) WithSilence(most time.Duration) *Client {
	c.watch.most = most
	return c
}

// NewBeatingHandler is NewHandler, with other intervals between signs of life.
func NewBeatingHandler(ops admin.Operations, every time.Duration) http.Handler {
	return newHandler(ops, every)
}
