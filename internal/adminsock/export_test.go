package adminsock

import (
	"net/http"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// OperationNames returns the names of what is served.
func OperationNames() map[string]bool {
	names := make(map[string]bool, len(operations))
	for name := range operations {
		names[name] = true
	}
	return names
}

// WithSilence makes a client that waits so long for a sign of life.
func (c *Client) WithSilence(most time.Duration) *Client {
	c.silence = most
	return c
}

// NewBeatingHandler is NewHandler, with other intervals between signs of life.
func NewBeatingHandler(ops admin.Operations, every time.Duration) http.Handler {
	return newHandler(ops, every)
}
