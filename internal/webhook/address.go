package webhook

import (
	"net/netip"
	"slices"
)

// Allowed are the addresses that webhooks may have although they are not public.
type Allowed []netip.Prefix

// has reports whether an address is in the list. Addresses that stand for many hosts, or
// for none, are in no list.
func (a Allowed) has(addr netip.Addr) bool {
	if addr.IsUnspecified() || addr.IsMulticast() || addr == broadcast {
		return false
	}
	return contains(a, addr)
}

// normal returns the address that a connection would really be made to: IPv4 if it is
// IPv4 written as IPv6, and without a zone.
func normal(addr netip.Addr) netip.Addr { return addr.WithZone("").Unmap() }

var broadcast = netip.MustParseAddr("255.255.255.255")

// reserved are the ranges of IPv4 that are not public, by the registry of special-purpose
// addresses (RFC 6890), and an address of a cloud.
var reserved = prefixes(
	"0.0.0.0/8",        // this network
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // carrier-grade NAT; Alibaba's metadata are at 100.100.100.200
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // Azure's own services for its machines
	"169.254.0.0/16",   // link-local, with the metadata of most clouds
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments; Oracle's metadata are at 192.0.0.192
	"192.0.2.0/24",     // documentation
	"192.88.99.0/24",   // relays of 6to4
	"192.168.0.0/16",   // private
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, broadcast
)

// reserved6 are ranges of IPv6 that are not public although they are within global6.
var reserved6 = prefixes(
	"2001::/23",     // protocol assignments: Teredo, benchmarks, ORCHID
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4
	"3fff::/20",     // documentation
)

var (
	global6 = netip.MustParsePrefix("2000::/3")     // all that is assigned to hosts of the internet
	nat64   = netip.MustParsePrefix("64:ff9b::/96") // IPv4 behind a translator, as DNS64 writes it
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// isPublic reports whether a normal address is one of a host of the internet. What it
// doesn't know is not.
func isPublic(addr netip.Addr) bool {
	switch {
	case !addr.IsValid():
		return false
	case addr.Is4():
		return !contains(reserved, addr)
	case nat64.Contains(addr):
		return isPublic(embedded(addr))
	}
	return global6.Contains(addr) && !contains(reserved6, addr) && (!isTunnelled(addr) || isPublic(embedded(addr)))
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// isTunnelled reports whether an address of any network leads to the IPv4 address at its
// end (ISATAP, RFC 5214).
func isTunnelled(addr netip.Addr) bool {
	b := addr.As16()
	return (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// embedded returns the IPv4 address at the end of an IPv6 address.
func embedded(addr netip.Addr) netip.Addr {
	b := addr.As16()
	return netip.AddrFrom4([4]byte(b[12:]))
}
