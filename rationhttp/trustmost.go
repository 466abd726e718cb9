package rationhttp

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
)

// The addresses that clients of the internet come from.
var (
	everyIPv4  = netip.MustParsePrefix("0.0.0.0/0")
	publicIPv6 = netip.MustParsePrefix("2000::/3")
)

// HoldMost reports whether the ranges together hold half of the addresses that
// clients come from, of IPv4 or of IPv6. No network of proxies is that large: so
// does whoever means "any" without writing it, in two halves or in many parts.
func (t TrustedProxies) HoldMost() bool {
	return shareOf(everyIPv4, t) >= 0.5 || shareOf(publicIPv6, t) >= 0.5
}

// shareOf returns which part of a space the ranges hold together. Ranges lie
// within one another or apart, so that the widest of them are summed.
func shareOf(space netip.Prefix, ranges []netip.Prefix) (share float64) {
	inside := slices.DeleteFunc(slices.Clone(ranges), func(one netip.Prefix) bool { return !one.Overlaps(space) })
	slices.SortFunc(inside, func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), a.Masked().Addr().Compare(b.Masked().Addr()))
	})
	var counted []netip.Prefix
	for _, one := range inside {
		if one.Bits() <= space.Bits() {
			return 1
		}
		if !slices.ContainsFunc(counted, one.Overlaps) {
			counted = append(counted, one)
			share += math.Exp2(float64(space.Bits() - one.Bits()))
		}
	}
	return share
}
