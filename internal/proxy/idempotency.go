package proxy

import (
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// askOnce has the charge remembered by the client's idempotency key, where the
// route wants that, so that the same call never reaches the upstream twice. The
// same call is one with this method, path and query, as they are passed on.
func (p *Proxy) askOnce(x *exchange) error {
	if x.route.Idempotency == route.IdempotencyOff {
		return nil
	}
	key, found, err := rationhttp.IdempotencyKey(x.in.Header)
	if err != nil {
		return err
	}
	if !found {
		if x.route.Idempotency == route.IdempotencyRequired {
			return &requestFault{http.StatusBadRequest, "idempotency_key_missing", "This request needs an Idempotency-Key."}
		}
		return nil
	}
	caller := p.callerOf(x)
	if caller.Err != nil {
		return nil //nolint:nilerr // the gate answers it, once it is asked
	}
	x.answer.Credential = caller.Credential
	path, _, _ := strings.Cut(x.in.RequestURI, "?")
	x.question.Idempotency = &ration.Idempotency{Key: key, About: x.in.Method + " " + path + "?" + p.stripQuery(x)}
	return nil
}
