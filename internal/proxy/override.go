package proxy

import (
	"net/http"

	"github.com/ration-dev/ration/internal/override"
)

// watchOverride lets a body pass only as far as it has none of the words. What came
// before stays without an end, so that no upstream takes it for a whole.
func (p *Proxy) watchOverride(out *http.Request, x *exchange) {
	words := p.reader.OverridesOf(&x.Request)
	if out.Body == nil || out.Body == http.NoBody || words == (override.Words{}) {
		return
	}
	x.override = override.NewReader(out.Body, x.In.Header, words)
	out.Body = x.override
}
