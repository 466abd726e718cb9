package inbound

import (
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// AskOnce has the charge remembered by the client's idempotency key, where the
// route wants that, so that the same call never reaches the upstream twice. The
// same call is one with this method, path and query, as they are passed on.
func (r *Reader) AskOnce(x *Request) error {
	if x.Route.Idempotency == route.IdempotencyOff {
		return nil
	}
	key, found, err := rationhttp.IdempotencyKey(x.In.Header)
	if err != nil {
		return err
	}
	if !found {
		if x.Route.Idempotency == route.IdempotencyRequired {
			return &Fault{http.StatusBadRequest, "idempotency_key_missing", "This request needs an Idempotency-Key."}
		}
		return nil
	}
	caller := r.CallerOf(x)
	if caller.Err != nil {
		return nil //nolint:nilerr // the gate answers it, once it is asked
	}
	x.Answer.Credential = caller.Credential
	path, _, _ := strings.Cut(x.In.RequestURI, "?")
	x.Question.Idempotency = &ration.Idempotency{Key: key, About: x.In.Method + " " + path + "?" + r.StripQuery(x)}
	return nil
}
