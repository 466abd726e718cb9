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

// HoldMost reports whether the ranges together hold half of the IPv4 or of the IPv6
// addresses that clients come from. No network of proxies is that large. Such ranges
// mean "any", written in two halves or in many parts.
func (t TrustedProxies) HoldMost() bool {
	return shareOf(everyIPv4, t) >= 0.5 || shareOf(publicIPv6, t) >= 0.5
}

// shareOf returns the share of a space that the ranges hold together. Two ranges
// either lie within one another or apart, so it adds up the widest of them.
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
