package rationhttp

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// TrustedProxies are the addresses of proxies in front of this program. It believes
// their X-Forwarded-* and X-Request-Id fields, and nobody else's.
type TrustedProxies []netip.Prefix

// ParseTrustedProxies reads CIDR ranges and single addresses. It refuses ranges that
// alone or together hold most addresses, because then every client would be believed.
// Its error is a [ration.InvalidError].
func ParseTrustedProxies(texts []string) (TrustedProxies, error) {
	proxies := make(TrustedProxies, 0, len(texts))
	for _, text := range texts {
		prefix, err := ParseTrustedProxy(text)
		if err != nil {
			return nil, err
		}
		proxies = append(proxies, prefix)
		if proxies.HoldMost() {
			return nil, &ration.InvalidError{Field: "trusted_proxies", Value: text, Reason: "with this, Ration would believe half of all addresses or more, and so nearly every client"}
		}
	}
	return proxies, nil
}

// ParseTrustedProxy reads one range or address. It returns an IPv4 address in IPv6
// form in its IPv4 form. Its error is a [ration.InvalidError].
func ParseTrustedProxy(text string) (netip.Prefix, error) {
	prefix, err := parsePrefix(text)
	if err != nil {
		return netip.Prefix{}, &ration.InvalidError{Field: "trusted_proxies", Value: text, Reason: `use addresses or ranges such as "10.0.0.0/8"`}
	}
	return prefix, nil
}

// TrustsPeer reports whether the request came straight from a trusted proxy.
func (t TrustedProxies) TrustsPeer(r *http.Request) bool { return t.trusts(peerOf(r)) }

// ClientIP returns the client's address. That is the peer's address, unless the peer
// is a trusted proxy. Then it goes through X-Forwarded-For from the right, past
// trusted proxies, to the first other address; text that isn't an address ends the
// search. It returns the zero Addr if the address can't be known, as on a unix
// socket.
func (t TrustedProxies) ClientIP(r *http.Request) netip.Addr {
	client := peerOf(r)
	if !t.trusts(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr, err := netip.ParseAddr(trimOWS(hop))
		if err != nil { // nothing to the left of it can be believed either
			return client
		}
		client = addr.Unmap().WithZone("")
		if !t.trusts(client) {
			return client
		}
	}
	return client
}

func (t TrustedProxies) trusts(addr netip.Addr) bool {
	return addr.IsValid() && slices.ContainsFunc(t, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if addr := prefix.Addr(); err == nil && addr.Is4In6() { // addresses are compared in their IPv4 form
		prefix, err = addr.Unmap().Prefix(prefix.Bits() - 96)
	}
	return prefix.Masked(), err
}
