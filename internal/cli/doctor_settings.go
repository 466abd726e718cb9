package cli

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
)

// settingsFindings judges what this command was told itself. Through a socket the
// other checks are made by a server, which may have been told otherwise.
func settingsFindings(settings config.Config) []admin.Finding {
	return append(permissionsFindings(settings), listenersFinding(settings), weakenedFinding(settings))
}

// listenersFinding looks for listeners that other machines reach: none of them
// speaks TLS.
func listenersFinding(settings config.Config) admin.Finding {
	finding := admin.Finding{Check: "listeners", State: admin.FindingOK, Detail: "they speak HTTP without TLS, to this machine alone"}
	listeners := []struct{ setting, address string }{{"api_listen", settings.APIListen}}
	if settings.Upstream != nil {
		listeners = append(listeners, struct{ setting, address string }{"listen", settings.Listen})
	}
	var open, closed []string
	for _, listener := range listeners {
		host, port, err := net.SplitHostPort(listener.address)
		if err != nil || isLoopback(host) {
			continue
		}
		open = append(open, listener.setting+" "+listener.address)
		closed = append(closed, "RATION_"+strings.ToUpper(listener.setting)+"=127.0.0.1:"+port)
	}
	if len(open) == 0 {
		if settings.Upstream != nil && len(settings.TrustedProxies) == 0 {
			finding.Detail += "; trusted_proxies is empty: behind a proxy on this machine, such as one for TLS, set it to 127.0.0.1,::1, or all clients count as one address"
		}
		return finding
	}
	_, address, _ := strings.Cut(closed[0], "=")
	finding.State = admin.FindingWarning
	finding.Detail = strings.Join(open, " and ") + ": HTTP without TLS, to other machines too: whoever is on the way can read keys and tokens"
	finding.Advice = fmt.Sprintf("listen on this machine alone (%s) behind a proxy with TLS, such as 'caddy reverse-proxy --from api.example.com --to %s'; "+
		"or see to it that nobody else reaches the port: in a container publish it on this machine alone ('docker run -p %s:8081 …'), or use a private network",
		strings.Join(closed, " "), address, address)
	return finding
}

// isLoopback takes a name other than localhost for another machine's, and no name
// for all addresses.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// weakenedFinding names the settings that give something up, and what.
func weakenedFinding(settings config.Config) admin.Finding {
	finding := admin.Finding{Check: "settings", State: admin.FindingOK, Detail: "none that was given here gives up a promise"}
	weak := append(weakSettings(settings), weakRoutes(settings)...)
	if len(weak) == 0 {
		return finding
	}
	finding.State = admin.FindingWarning
	finding.Detail = strings.Join(weak, "; ")
	finding.Advice = "take out of the configuration, the environment or the flags what you can do without, and start the server again; " +
		"docs/GUARANTEES.md and docs/CONFIGURATION.md say what each is for"
	return finding
}

func weakSettings(settings config.Config) (weak []string) {
	if settings.AcceptUnsafeDurability && settings.DB.URL != "" {
		weak = append(weak, "accept_unsafe_durability gives up that no charge is lost that was answered")
	}
	if settings.AcceptOverage {
		weak = append(weak, "accept_overage gives up that a key is never over its limit: settlements may count more than was reserved")
	}
	if settings.KeyQueryParameter != "" {
		weak = append(weak, "key_query_parameter takes secrets from URLs, which end up in logs and histories")
	}
	if settings.AllowMethodOverrides {
		weak = append(weak, "allow_method_overrides lets requests cost what their own method costs, while the API may do what another one does")
	}
	if settings.Preflights == "upstream" {
		weak = append(weak, "preflights: upstream lets preflights reach the API without a key, which does its work for nothing if it takes them for requests")
	}
	if settings.Routes.AllowAmbiguous {
		weak = append(weak, "allow_ambiguous_paths passes on paths that the API may take for those of another route, with another price")
	}
	if slices.ContainsFunc(settings.TrustedProxies, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
		weak = append(weak, `trusted_proxies "any" lets everybody claim to be any client`)
	}
	return weak
}

func weakRoutes(settings config.Config) (weak []string) {
	var open, query []string
	for _, route := range settings.Routes.Routes {
		name := route.Name
		if name == "" {
			name = route.Path
		}
		if route.FailOpen {
			open = append(open, name)
		}
		if route.KeyQuery != "" {
			query = append(query, name)
		}
	}
	if len(open) > 0 {
		weak = append(weak, "fail_open of "+strings.Join(open, ", ")+" gives up the count, and that revoked keys stay out, while no decision can be made")
	}
	if len(query) > 0 {
		weak = append(weak, "key_query of "+strings.Join(query, ", ")+" takes secrets from URLs, which end up in logs and histories")
	}
	return weak
}
