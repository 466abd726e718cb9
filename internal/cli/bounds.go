package cli

import (
	"net/netip"
	"slices"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/config"
)

// bounds returns what clients of the proxy and of the verify API can hold of a process that
// may have so many descriptors open; 0: any number.
func bounds(settings config.Config, descriptors int, trouble *troubleLog) (proxy, api bound.Config) {
	trusted := settings.TrustedProxies
	clients := settings.Clients
	proxy = bound.Config{
		PerAddress: clients.ConnectionsPerAddress, New: clients.New, NewPerAddress: clients.NewPerAddress,
		Exempt: func(addr netip.Addr) bool {
			return slices.ContainsFunc(trusted, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
		},
		Refused: trouble.refused,
		Pace:    bound.Pace{BytesPerSecond: clients.MinRate, Grace: clients.MinRateGrace},
	}
	api = proxy
	proxy.Connections, api.Connections = shareDescriptors(clients.Connections, descriptors)
	return proxy, api
}

const (
	// mostOfAPI is how many connections the verify API has at once: it answers at once, and
	// is called by services, which keep few.
	mostOfAPI = 1024
	// leastConnections are had however few descriptors there are.
	leastConnections = 16
	// leastReserve is how many descriptors are left for everything else: the database,
	// the log, connections that are kept idle.
	leastReserve = 64
)

// shareDescriptors returns how many connections the proxy and the verify API may have open,
// so that neither keeps the other from answering, or the database from being reached.
// A connection of the proxy needs one to the upstream beside it.
func shareDescriptors(wanted, descriptors int) (proxy, api int) {
	if descriptors == 0 {
		return wanted, mostOfAPI
	}
	left := descriptors - max(leastReserve, descriptors/8)
	api = min(max(left/8, leastConnections), mostOfAPI)
	proxy = max((left-api)/2, leastConnections)
	if wanted > 0 {
		proxy = min(proxy, wanted)
	}
	return proxy, api
}
