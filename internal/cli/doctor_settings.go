package cli

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
)

// settingsFindings judges what this command was told itself. Through a socket the
// other checks are made by a server, which may have been told otherwise.
func settingsFindings(settings config.Config) []admin.Finding {
	findings := append(permissionsFindings(settings), listenersFinding(settings))
	findings = append(findings, certificateFindings(settings, time.Now())...)
	return append(findings, weakenedFinding(settings))
}

// weakenedFinding names the settings that give something up, and what.
func weakenedFinding(settings config.Config) admin.Finding {
	finding := admin.Finding{Check: "settings", State: admin.FindingOK, Detail: "no setting that was given here gives up a promise"}
	weak := append(weakSettings(settings), weakRoutes(settings)...)
	if len(weak) == 0 {
		return finding
	}
	finding.State = admin.FindingWarning
	finding.Detail = strings.Join(weak, "; ")
	finding.Advice = "remove what you don't need from the configuration, the environment or the flags, and restart the server; " +
		"docs/GUARANTEES.md and docs/CONFIGURATION.md say what each setting is for"
	return finding
}

func weakSettings(settings config.Config) (weak []string) {
	if settings.AcceptUnsafeDurability && settings.DB.URL != "" {
		weak = append(weak, "accept_unsafe_durability gives up the promise that no answered charge is lost")
	}
	if settings.AcceptOverage {
		weak = append(weak, "accept_overage gives up the promise that a key is never over its limit: settlements may count more than was reserved")
	}
	if settings.KeyQueryParameter != "" {
		weak = append(weak, "key_query_parameter accepts secrets in URLs, which end up in logs and browser histories")
	}
	if settings.AllowMethodOverrides {
		weak = append(weak, "with allow_method_overrides, a request costs what its own method costs, but the API may do what another method does")
	}
	if settings.Preflights == "upstream" {
		weak = append(weak, "with preflights: upstream, preflights reach the API without a key; if it takes them for requests, it does its work for nothing")
	}
	if settings.Routes.AllowAmbiguous {
		weak = append(weak, "allow_ambiguous_paths passes on paths that the API may read as those of another route, with another price")
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
		weak = append(weak, "fail_open of "+strings.Join(open, ", ")+" lets requests pass uncounted while no decision can be made, even with revoked keys")
	}
	if len(query) > 0 {
		weak = append(weak, "key_query of "+strings.Join(query, ", ")+" accepts secrets in URLs, which end up in logs and browser histories")
	}
	return weak
}
