package cors

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/ration-dev/ration"
)

// All is the entry of a [Policy] that stands for every origin.
const All = "*"

// CheckOrigin refuses what no browser sends as an origin, and says what would be
// right. Its error is a [ration.InvalidError].
func CheckOrigin(text string) error {
	wrong := func(reason string) error {
		return &ration.InvalidError{Field: "origin", Value: text, Reason: reason}
	}
	origin, err := url.Parse(text)
	switch {
	case text == All:
		return nil
	case text == "null":
		return wrong(`"null" names nobody: every sandboxed page and every local file sends it; write "*" to allow all pages`)
	case strings.Contains(text, All):
		return wrong(`an origin is exact, such as "https://app.example.com"; list each one, or write "*" alone to allow all pages`)
	case err != nil || origin.Scheme == "" || origin.Host == "":
		return wrong(`an origin is a scheme, a host and perhaps a port, such as "https://app.example.com"`)
	}
	if written := canonical(origin); written != text || !IsOrigin(text) || !isCanonicalHost(origin.Hostname()) {
		if written != text && IsOrigin(written) && isCanonicalHost(strings.ToLower(origin.Hostname())) {
			return wrong(`browsers write it as "` + written + `"`)
		}
		return wrong(`browsers write hosts in small letters, names outside ASCII as xn--…, and addresses in their shortest form`)
	}
	return nil
}

// canonical is how browsers write an origin: without path, user and default port.
func canonical(origin *url.URL) string {
	scheme, host := strings.ToLower(origin.Scheme), strings.ToLower(origin.Host)
	for _, usual := range []string{"http:80", "https:443"} {
		if name, port, _ := strings.Cut(usual, ":"); scheme == name {
			host = strings.TrimSuffix(host, ":"+port)
		}
	}
	return scheme + "://" + strings.TrimSuffix(host, ":")
}

// numeric is a host that browsers read as an IPv4 address.
var numeric = regexp.MustCompile(`(^|\.)(0x[0-9a-f]*|[0-9]+)\.?$`)

func isCanonicalHost(host string) bool {
	if net.ParseIP(host) == nil {
		return !numeric.MatchString(host)
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.String() == host
}

// IsOrigin reports whether text is an origin as browsers write it:
// "scheme://host", "scheme://host:port" or "null".
func IsOrigin(text string) bool {
	if text == "null" {
		return true
	}
	origin, err := url.Parse(text)
	if err != nil || origin.Scheme == "" || origin.Hostname() == "" || strings.HasSuffix(origin.Host, ":") {
		return false
	}
	for _, c := range origin.Hostname() {
		if !isAlphanumeric(c) && !strings.ContainsRune("-._:", c) {
			return false
		}
	}
	return text == origin.Scheme+"://"+origin.Host
}
