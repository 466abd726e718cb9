package proxy

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/ration-dev/ration/internal/condense"
)

// release gives back the slots that a request holds of its key's concurrent limits, if
// it holds any: its answer has ended, its client or its upstream has gone, or its
// WebSocket is closed.
func (p *Proxy) release(x *exchange) {
	if x.Answer.Decision.Lease == nil {
		return
	}
	ctx := x.In.Context()
	if err := p.config.Gate.Release(ctx, &x.Answer); err != nil {
		p.trouble.Say(ctx, slog.LevelWarn, condense.Kind{Message: "a request's slot of a concurrent limit was not given back; it becomes free by itself", Route: x.Route.Name},
			slog.String("request_id", x.ID), slog.Any("error", err))
	}
}

// releaseAtEnd has the slots of a request given back when the upstream's answer has
// ended, but before its end is passed on: a client's next request finds them free.
func (p *Proxy) releaseAtEnd(response *http.Response, x *exchange) {
	if x.Answer.Decision.Lease != nil && response.StatusCode != http.StatusSwitchingProtocols {
		response.Body = &releasing{ReadCloser: response.Body, left: response.ContentLength, release: func() { p.release(x) }}
	}
}

// releasing is the body of an answer that calls release at its end.
type releasing struct {
	io.ReadCloser
	left    int64 // of the announced length; negative: none was announced
	release func()
}

// Read implements io.Reader.
func (r *releasing) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left >= 0 {
		r.left = max(0, r.left-int64(n))
	}
	if err == io.EOF || r.left == 0 {
		r.release()
	}
	return n, err
}
