package proxy

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/inbound"
)

const (
	// pseudonyms begin so, of every proxy of ours.
	pseudonymPrefix = "ration-"
	// maxHops is how many of our proxies may stand one behind the other. It bounds a
	// loop through many instances, of which each knows itself alone.
	maxHops = 8
	// codeLoop is what the answer to a loop says, and the log.
	codeLoop = "loop_detected"
)

// newPseudonym returns the name by which a Proxy knows its own requests again in
// Via (RFC 9110, section 7.6.3). It is random, and clients are not told it, so that
// nobody has others' requests refused as a loop.
func newPseudonym() string { return pseudonymPrefix + strings.ToLower(rand.Text()) }

// checkLoop refuses a request that this proxy has passed on before, or too many of
// ours have: each turn of a loop would hold connections and memory.
func (p *Proxy) checkLoop(r *http.Request) error {
	hops := 0
	for _, value := range r.Header["Via"] {
		if strings.Contains(value, p.pseudonym) {
			hops = maxHops
		}
		hops += strings.Count(value, " "+pseudonymPrefix)
	}
	if hops < maxHops {
		return nil
	}
	p.trouble.Say(r.Context(), slog.LevelError, condense.Kind{Message: "a loop was cut: the upstream leads back to this proxy", Code: codeLoop},
		slog.String("upstream", p.config.Upstream.Redacted()),
		slog.String("cure", "set upstream to the API itself, or correct what is in between; docs/OPERATIONS.md has a section on loops"))
	return &inbound.Fault{Status: http.StatusLoopDetected, Code: codeLoop, Detail: "The API behind this proxy leads back to this proxy."}
}

// passVia adds this proxy to the way that a request says it took.
func (p *Proxy) passVia(out http.Header, in *http.Request) {
	out["Via"] = append(append([]string(nil), in.Header["Via"]...), viaOf(in.ProtoMajor, in.ProtoMinor, p.pseudonym))
}

// viaOf says by which version of HTTP somebody received a message.
func viaOf(major, minor int, by string) string { return fmt.Sprintf("%d.%d %s", major, minor, by) }
