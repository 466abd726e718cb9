package proxy_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

func TestAProxyInFrontThatIsNotTrustedIsLoggedOnce(t *testing.T) {
	u := newUpstream(t, nil)
	for name, row := range map[string]struct {
		change func(*proxy.Config)
		header string
		lines  int
	}{
		"not trusted":             {func(*proxy.Config) {}, "X-Forwarded-For: 198.51.100.7", 1},
		"by the standard's field": {func(*proxy.Config) {}, "Forwarded: for=198.51.100.7", 1},
		"as nginx does it":        {func(*proxy.Config) {}, "X-Real-Ip: 198.51.100.7", 1},
		"trusted":                 {trustLoopback, "X-Forwarded-For: 198.51.100.7", 0},
		"no proxy":                {func(*proxy.Config) {}, "X-Custom: 1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, u.URL, route.Config{}, row.change)
			for range 3 {
				f.get(t, "/x", row.header)
			}
			if got := strings.Count(f.log.String(), "set trusted_proxies: 127.0.0.1"); got != row.lines {
				t.Errorf("%d lines, want %d:\n%s", got, row.lines, f.log)
			}
		})
	}
}
