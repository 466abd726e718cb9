package cli

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/ration-dev/ration/internal/config"
)

// lookupTime bounds how long names are looked up. A name that nobody knows yet may
// be known once the upstream is up; should it lead back, Via tells.
const lookupTime = 2 * time.Second

// listening is an address where the server listens, and the setting that says so.
type listening struct {
	setting string
	addr    netip.AddrPort // port 0: any, and not known yet
}

// machine knows names and its own addresses.
type machine struct {
	lookup     func(ctx context.Context, network, host string) ([]netip.Addr, error) // takes addresses as names, too
	interfaces func() ([]net.Addr, error)
}

var thisMachine = machine{net.DefaultResolver.LookupNetIP, net.InterfaceAddrs}

// checkUpstream refuses an upstream that is one of the server's own listeners: every
// request would come back to it, and each turn hold connections. Its error is a
// [config.Error]. The upstream may be nil.
func (m machine) checkUpstream(ctx context.Context, upstream *url.URL, listeners []listening) error {
	if upstream == nil {
		return nil
	}
	port := portOf(upstream)
	for _, target := range m.resolve(ctx, upstream.Hostname()) {
		for _, own := range listeners {
			if port > 0 && port == own.addr.Port() && m.reaches(target, own.addr.Addr()) {
				return &config.Error{Where: "upstream", Reason: fmt.Sprintf(
					"%s leads back to Ration itself, because %s is %s; give the URL of your API, or let Ration listen on another port",
					upstream.Redacted(), own.setting, own.addr)}
			}
		}
	}
	return nil
}

// listeners returns where the settings say that the server listens. Of the addresses
// of a name it is the one that net.Listen takes.
func (m machine) listeners(ctx context.Context, settings config.Config) []listening {
	var all []listening
	for _, row := range [][2]string{{"listen", settings.Listen}, {"api_listen", settings.APIListen}, {"admin_listen", settings.AdminListen}, {"envoy_listen", settings.EnvoyListen}, {"metrics_listen", settings.MetricsListen}} {
		host, port, err := net.SplitHostPort(row[1])
		if err != nil {
			continue
		}
		addrs := []netip.Addr{netip.IPv6Unspecified()}
		if host != "" {
			addrs = m.resolve(ctx, host)
		}
		if first := slices.IndexFunc(addrs, netip.Addr.Is4); first > 0 {
			addrs = addrs[first:]
		}
		if len(addrs) > 0 {
			all = append(all, listening{row[0], netip.AddrPortFrom(addrs[0], portNumber(port))})
		}
	}
	return all
}

// resolve returns the addresses of a host as whoever connects to it finds them, or
// none if nobody knows it.
func (m machine) resolve(ctx context.Context, host string) []netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	host = norm.NFKC.String(strings.ReplaceAll(host, "。", ".")) // as http.Transport reads other scripts' digits, letters and dots
	addrs, err := m.lookup(ctx, "ip", host)
	if err != nil {
		return nil
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap().WithZone("")
	}
	return addrs
}

// reaches reports whether who connects to target gets to a listener at an address
// of this machine.
func (m machine) reaches(target, listener netip.Addr) bool {
	listener = listener.Unmap().WithZone("")
	switch {
	case target.IsUnspecified(): // no address in particular: the machine itself
		return listener.IsUnspecified() || listener == netip.IPv6Loopback() || listener == loopback4
	case listener.IsUnspecified():
		return target.IsLoopback() || slices.Contains(m.addresses(), target)
	}
	return target == listener
}

var loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// addresses returns what is known of the machine's own addresses.
func (m machine) addresses() []netip.Addr {
	interfaces, err := m.interfaces()
	if err != nil { // a sandbox may hide them
		return nil
	}
	var all []netip.Addr
	for _, one := range interfaces {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil {
			all = append(all, prefix.Addr().Unmap())
		}
	}
	return all
}

// portOf returns the port of an upstream.
func portOf(upstream *url.URL) uint16 {
	switch {
	case upstream.Port() != "":
		return portNumber(upstream.Port())
	case upstream.Scheme == "https":
		return 443
	}
	return 80
}

// portNumber returns a port, or 0 if there is none of that number.
func portNumber(port string) uint16 {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}
