package cli_test

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/config"
)

// names are those that only the test knows.
var names = map[string][]netip.Addr{
	"me.example":       {netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("127.0.0.1")},
	"mapped.example":   {netip.MustParseAddr("::ffff:127.0.0.1")},
	"away.example":     {netip.MustParseAddr("203.0.113.9")},
	"two.example":      {netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")},
	"internal.example": {netip.MustParseAddr("::1")},
}

func TestAnUpstreamThatIsRationItselfIsRefused(t *testing.T) {
	type row struct {
		listen, upstream string
		refused          bool
	}
	rows := []row{
		{"127.0.0.1:8080", "http://127.0.0.1:8080", true},
		{"127.0.0.1:8080", "http://127.0.0.1:08080/base", true},
		{"127.0.0.1:8080", "https://127.0.0.1:8080", true},
		{"127.0.0.1:8080", "http://localhost:8080", true},
		{"127.0.0.1:8080", "http://LocalHost:8080", true},
		{"127.0.0.1:8080", "http://0.0.0.0:8080", true},
		{"127.0.0.1:8080", "http://[::]:8080", true},
		{"127.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080", true},
		{"127.0.0.1:8080", "http://[::ffff:7f00:1]:8080", true},
		{"127.0.0.1:8080", "http://１２７。0.0.1:8080", true}, // as http.Transport reads it
		{"127.0.0.1:8080", "http://me.example:8080", true},
		{"127.0.0.1:8080", "http://mapped.example:8080", true},
		{"127.0.0.1:8080", "http://127.0.0.1:8000", false},
		{"127.0.0.1:8080", "http://127.0.0.2:8080", false},
		{"127.0.0.1:8080", "http://[::1]:8080", false},
		{"127.0.0.1:8080", "http://away.example:8080", false},
		{"127.0.0.1:8080", "http://nowhere.invalid:8080", false},
		{"127.0.0.1:8080", "http://203.0.113.9:8080", false},
		{"[::1]:8080", "http://[::1]:8080", true},
		{"[::1]:8080", "http://[0:0::0:1]:8080", true},
		{"[::1]:8080", "http://[::1%25lo]:8080", true},
		{"[::1]:8080", "http://[::]:8080", true},
		{"[::1]:8080", "http://internal.example:8080", true},
		{"[::1]:8080", "http://127.0.0.1:8080", false},
		{"localhost:8080", "http://127.0.0.1:8080", true},
		{"two.example:8080", "http://127.0.0.1:8080", true}, // net.Listen prefers IPv4
		{"two.example:8080", "http://[::1]:8080", false},
		{"127.0.0.1:80", "http://localhost", true},
		{"127.0.0.1:80", "http://localhost:", true},
		{"127.0.0.1:443", "https://localhost", true},
		{"127.0.0.1:80", "https://localhost", false},
		{"127.0.0.1:0", "http://127.0.0.1:0", false},
		{"127.0.0.1:80", "http://127.0.0.1:65616", false}, // which is 80 in 16 bits
	}
	for _, wildcard := range []string{":8080", "0.0.0.0:8080", "[::]:8080"} { // to net.Listen they are one
		for _, host := range append(ownHosts(t), "127.0.0.1", "127.9.9.9", "localhost", "[::1]", "0.0.0.0", "[::]", "me.example") {
			rows = append(rows, row{wildcard, "http://" + host + ":8080", true}, row{wildcard, "http://" + host + ":8081", false})
		}
		rows = append(rows, row{wildcard, "http://203.0.113.9:8080", false}, row{wildcard, "http://[2001:db8::1]:8080", false})
	}
	for _, row := range rows {
		upstream, err := url.Parse(row.upstream)
		if err != nil {
			t.Fatal(err)
		}
		for setting, settings := range map[string]config.Config{
			"listen": {Listen: row.listen, APIListen: "127.0.0.1:1"}, "api_listen": {Listen: "127.0.0.1:1", APIListen: row.listen},
		} {
			err := cli.CheckUpstream(t.Context(), upstream, settings, names)
			if (err != nil) != row.refused || err != nil && (cli.ExitCode(err) != 3 || !strings.Contains(err.Error(), "because "+setting+" is ")) {
				t.Errorf("%s %s, upstream %s: got %v; want it refused: %t", setting, row.listen, row.upstream, err, row.refused)
			}
		}
	}
}

// ownHosts returns the addresses of the machine's interfaces, and its name if that
// is one's own.
func ownHosts(t *testing.T) []string {
	t.Helper()
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	own := map[netip.Addr]bool{}
	for _, one := range interfaces {
		addr := netip.MustParsePrefix(one.String()).Addr()
		own[addr] = true
		if addr.Is4() {
			hosts = append(hosts, addr.String(), "[::ffff:"+addr.String()+"]")
		} else {
			hosts = append(hosts, "["+addr.String()+"]")
		}
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	resolved, _ := net.DefaultResolver.LookupNetIP(t.Context(), "ip", name) // not every machine knows its name
	for _, addr := range resolved {
		if own[addr.Unmap()] {
			return append(hosts, name)
		}
	}
	return hosts
}
