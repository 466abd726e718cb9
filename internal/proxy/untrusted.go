package proxy

import (
	"net/http"
	"net/netip"
)

// forwarding are headers that a proxy in front writes.
var forwarding = []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip"}

// noteUntrustedProxy says once that a proxy in front is none of trusted_proxies, so
// that all its clients have one address: they share what is bounded by address, and a
// valid key that was not seen yet gets 429 where one of them guesses. Only a peer on
// this machine or a private network can be such a proxy; any other client may write
// what it likes.
func (p *Proxy) noteUntrustedProxy(r *http.Request) {
	if p.untrustedNoted.Load() || !isForwarded(r.Header) {
		return
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || p.config.Gate.TrustedProxies.TrustsPeer(r) {
		return
	}
	address := peer.Addr().Unmap().WithZone("")
	if !address.IsLoopback() && !address.IsPrivate() || !p.untrustedNoted.CompareAndSwap(false, true) {
		return
	}
	p.config.Log.WarnContext(r.Context(), "requests come through a proxy that is not in trusted_proxies, so all its clients count as one address; Ration doesn't log more of these",
		"peer", address, "cure", "if it is yours, set trusted_proxies: "+address.String()+" and let it write X-Forwarded-For; otherwise one client that guesses keys gets the new keys of all others refused (429 key_unchecked)")
}

func isForwarded(header http.Header) bool {
	for _, name := range forwarding {
		if len(header[name]) > 0 {
			return true
		}
	}
	return false
}
