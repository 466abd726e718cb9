package rationhttp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/ration-dev/ration/rationhttp"
)

// quarters are the IPv4 addresses in parts of a size, from the first on.
func quarters(bits, count int) string {
	var parts []string
	for i := range count {
		addr := netip.AddrFrom4([4]byte{byte(i << (8 - bits))})
		parts = append(parts, netip.PrefixFrom(addr, bits).String())
	}
	return strings.Join(parts, ",")
}

func TestRangesThatAreAsGoodAsAnyAreRefused(t *testing.T) {
	for _, row := range []struct {
		ranges string
		most   bool
	}{
		{"0.0.0.0/1,128.0.0.0/1", true},
		{"::/1,8000::/1", true},
		{"::ffff:0.0.0.0/97,::ffff:128.0.0.0/97", true},
		{"0.0.0.0/2,64.0.0.0/2,128.0.0.0/2", true},
		{quarters(8, 256), true},
		{quarters(8, 223), true},
		{"2000::/3", true},
		{"2000::/4,3000::/4", true},
		{"10.0.0.0/8,10.0.0.0/8,10.0.0.0/9,10.1.0.0/16,10.2.0.0/16", false},
		{"10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8,fe80::/10,127.0.0.1,::1", false},
		{"173.245.48.0/20,103.21.244.0/22,104.16.0.0/13,162.158.0.0/15,2400:cb00::/32,2606:4700::/32,2a06:98c0::/29", false},
		{"0.0.0.0/2,0.0.0.0/2,0.0.0.0/3,32.0.0.0/3", false}, // a quarter, however often
	} {
		_, err := rationhttp.ParseTrustedProxies(strings.Split(row.ranges, ","))
		if (err != nil) != row.most {
			t.Errorf("%.80s: %v, refused: want %v", row.ranges, err, row.most)
		}
	}
}

func TestOrderOfRangesMakesNoDifference(t *testing.T) {
	for i, ranges := range [][]string{{"0.0.0.0/2", "0.0.0.0/8", "64.0.0.0/2"}, {"64.0.0.0/2", "0.0.0.0/8", "0.0.0.0/2"}, {"0.0.0.0/8", "0.0.0.0/2", "64.0.0.0/2"}} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if _, err := rationhttp.ParseTrustedProxies(ranges); err == nil {
				t.Errorf("%v: accepted", ranges)
			}
		})
	}
}
