package cli

import (
	"fmt"
	"net"
	"strings"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
)

// configured is a listener as the settings have it.
type configured struct {
	setting, address string
	certificate      config.TLSFiles // none: it speaks no TLS
}

// configuredListeners returns those that a server opens.
func configuredListeners(settings config.Config) []configured {
	certificates := settings.Certificates()
	all := []configured{{"api_listen", settings.APIListen, certificates.API}}
	if settings.AdminListen != "" {
		all = append(all, configured{"admin_listen", settings.AdminListen, certificates.Admin})
	}
	if settings.EnvoyListen != "" {
		all = append(all, configured{"envoy_listen", settings.EnvoyListen, certificates.Envoy})
	}
	if settings.Upstream != nil {
		all = append(all, configured{"listen", settings.Listen, certificates.Proxy})
	}
	return all
}

// listenersFinding looks for listeners that other machines reach and that don't speak
// TLS.
func listenersFinding(settings config.Config) admin.Finding {
	finding := admin.Finding{Check: "listeners", State: admin.FindingOK, Detail: "they speak HTTP without TLS, but only to this machine"}
	var open, closed, certificates, secure []string
	plain := make(map[string]bool)
	for _, listener := range configuredListeners(settings) {
		if !listener.certificate.IsZero() {
			secure = append(secure, listener.setting+" "+listener.address)
			continue
		}
		plain[listener.setting] = true
		host, port, err := net.SplitHostPort(listener.address)
		if err != nil || config.IsLoopback(host) {
			continue
		}
		certificates = append(certificates, listener.certificate.CertSetting, listener.certificate.KeySetting)
		open = append(open, listener.setting+" "+listener.address)
		closed = append(closed, "RATION_"+strings.ToUpper(listener.setting)+"=127.0.0.1:"+port)
	}
	if len(open) == 0 {
		switch {
		case len(plain) == 0:
			finding.Detail = "all of them speak HTTPS"
		case len(secure) > 0:
			finding.Detail = "HTTPS: " + strings.Join(secure, ", ") + "; the rest speak HTTP without TLS, but only to this machine"
		}
		if plain["listen"] && len(settings.TrustedProxies) == 0 {
			finding.Detail += "; trusted_proxies is empty: behind a proxy on this machine, such as one for TLS, set it to 127.0.0.1,::1; otherwise all clients count as one address"
		}
		return finding
	}
	_, address, _ := strings.Cut(closed[0], "=")
	finding.State = admin.FindingWarning
	finding.Detail = strings.Join(open, " and ") + ": HTTP without TLS, also to other machines: anybody in between can read keys and tokens"
	finding.Advice = fmt.Sprintf("listen only on this machine (%s) behind a proxy with TLS, such as 'caddy reverse-proxy --from api.example.com --to %s'; "+
		"or give the listener a certificate (%s); or make sure that nobody else can reach the port: in a container, publish it only on this machine ('docker run -p %s:8081 …'), or use a private network",
		strings.Join(closed, " "), address, strings.Join(certificates, ", "), address)
	return finding
}
