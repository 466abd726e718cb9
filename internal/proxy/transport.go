package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	dialTimeout = 10 * time.Second
	// idleTimeout is shorter than the keep-alive of common servers (5 s of
	// uvicorn and Node), so that we rarely send on a connection that the upstream
	// is closing.
	idleTimeout         = 4 * time.Second
	maxIdleConnections  = 512
	upstreamHeaderBytes = 1 << 20
)

func newTransport(timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Control: refuseMetadata}
	return &http.Transport{
		Proxy:                  nil, // the upstream is what the configuration says, not the environment
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // the client's Accept-Encoding is the client's
		MaxIdleConns:           maxIdleConnections,
		MaxIdleConnsPerHost:    maxIdleConnections,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  timeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: upstreamHeaderBytes,
	}
}

// refuseMetadata looks at an address after its name was resolved: no upstream
// lives where clouds keep their instances' credentials.
func refuseMetadata(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading the upstream's address: %w", err)
	}
	addr := target.Addr().Unmap().WithZone("")
	if addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified() || addr == metadataIPv6 {
		return fmt.Errorf("the upstream's address %s is link-local, multicast or unspecified", addr)
	}
	return nil
}

// metadataIPv6 is where EC2 serves credentials over IPv6.
var metadataIPv6 = netip.MustParseAddr("fd00:ec2::254")
