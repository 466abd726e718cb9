package proxy

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
)

const (
	// pseudonyms begin so, of every proxy of ours.
	pseudonymPrefix = "ration-"
	// maxHops is how many of our proxies may stand one behind the other. It bounds a
	// loop through many instances, of which each knows itself alone.
	maxHops = 8
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
	return &requestFault{http.StatusLoopDetected, "loop_detected", "The API behind this proxy leads back to this proxy."}
}

// passVia adds this proxy to the way that a request says it took.
func (p *Proxy) passVia(out http.Header, in *http.Request) {
	out["Via"] = append(append([]string(nil), in.Header["Via"]...), viaOf(in.ProtoMajor, in.ProtoMinor, p.pseudonym))
}

// viaOf says by which version of HTTP somebody received a message.
func viaOf(major, minor int, by string) string { return fmt.Sprintf("%d.%d %s", major, minor, by) }
