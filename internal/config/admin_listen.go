package config

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

const (
	adminListen      = "admin_listen"
	consoleURL       = "console_url"
	acceptPlainAdmin = "accept_plain_admin"
)

// DefaultAdminListen is the address of the admin API if nothing sets another.
const DefaultAdminListen = "127.0.0.1:8082"

// parseConsoleURL reads where browsers reach the admin listener. Cookies of the console
// belong to a host, so it has no path.
func parseConsoleURL(value string) (string, error) {
	const form = "use a URL without a path, such as https://ration.example.com"
	value, err := ParseServer(value)
	if err != nil || value == "" {
		return "", err
	}
	location, err := url.Parse(value)
	switch {
	case err != nil:
		return "", invalid("", form)
	case location.Path != "":
		return "", invalid(value, form)
	case location.Scheme != "https" && !IsLoopback(location.Hostname()):
		return "", invalid(value, "sessions would cross the network in plain text; use https://")
	}
	return value, nil
}

// parseOptionalAddress reads an address, or "off".
func parseOptionalAddress(value string) (string, error) {
	if value == "off" {
		return "", nil
	}
	return parseAddress(value)
}

// checkAdminListen refuses an admin API that other machines reach without TLS: tokens
// would cross the network in plain text, and they can make keys.
func (c *Config) checkAdminListen(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	host, _, err := net.SplitHostPort(c.AdminListen)
	if err != nil || IsLoopback(host) || !c.AdminTLS.IsZero() || c.AcceptPlainAdmin {
		return nil
	}
	s := find(adminListen)
	given := s.given(file, environment, sources.Flags)[0]
	return []*Error{faultOf(given, s, invalid(c.AdminListen, "other machines could reach it, and it would speak HTTP without TLS; "+
		"set "+adminTLSCertFile+" and "+adminTLSKeyFile+", or listen on 127.0.0.1 behind a proxy with TLS; "+acceptPlainAdmin+": true takes the risk"))}
}

// IsLoopback reports whether a host that is listened on can be reached from this machine
// only. It takes a name other than localhost for another machine's, and no name for all
// addresses.
func IsLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
