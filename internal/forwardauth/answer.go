package forwardauth

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

const (
	// headerStatus and headerBody are what a client is to get, where the answer itself
	// has another status.
	headerStatus, headerBody = "X-Auth-Status", "X-Auth-Body"
	// headerRemove names headers that Envoy takes out of the request.
	headerRemove = "X-Envoy-Auth-Headers-To-Remove"
)

// mostInHeader is how long a body in headerBody may be. nginx takes 4 KiB of headers.
const mostInHeader = 2 << 10

// admit lets a request pass.
func (h *Handler) admit(w http.ResponseWriter, c *call) {
	header := w.Header()
	for _, field := range c.Answer.Response.Fields {
		if h.gate.Responder.OwnsField(field.Name) {
			header.Set(field.Name, field.Value)
		}
	}
	inbound.SetIdentity(header, &c.Answer.Decision)
	inbound.SetReservation(header, &c.Answer.Decision)
	header.Set(rationhttp.RequestIDHeader, c.ID)
	header.Set("Cache-Control", "no-store") // a gateway that kept it would let requests pass uncounted
	if c.via == ViaExtAuthz {
		header.Set(headerRemove, strings.Join(c.reader.HeadersToRemove(&c.Request), ","))
	}
	header.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// deny answers what the client is to get.
func (h *Handler) deny(w http.ResponseWriter, c *call, response rationhttp.Response) {
	header := w.Header()
	header.Set(rationhttp.RequestIDHeader, c.ID)
	if h.config.CORS.Speaks() {
		h.config.CORS.Apply(header, c.asked)
	}
	response = c.reader.Reword(&c.Request, response)
	if c.options.denyStatus != 0 {
		header.Set(headerStatus, strconv.Itoa(response.Status))
		if len(response.Body) <= mostInHeader {
			header.Set(headerBody, string(response.Body))
		}
		if response.Status != http.StatusUnauthorized && response.Status != http.StatusForbidden {
			response.Status = c.options.denyStatus
		}
	}
	response.WriteTo(w)
}
