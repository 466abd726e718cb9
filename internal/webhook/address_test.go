package webhook_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/ration-dev/ration/internal/webhook"
)

// TestAddresses: nothing is sent to an address that is not public, in whatever form it is
// written, unless it is allowed.
func TestAddresses(t *testing.T) {
	for _, row := range []struct {
		addr    string
		public  bool
		because string
	}{
		{"93.184.215.14", true, "a host"},
		{"2606:2800:21f:cb07:6820:80da:af6b:8b2c", true, "a host"},
		{"64:ff9b::5db8:d70e", true, "a host behind NAT64"},
		{"::ffff:93.184.215.14", true, "a host, mapped"},

		{"0.0.0.0", false, "unspecified"},
		{"0.1.2.3", false, "this network"},
		{"127.0.0.1", false, "loopback"},
		{"127.255.255.254", false, "loopback"},
		{"126.255.255.255", true, "before loopback"},
		{"128.0.0.0", true, "after loopback"},
		{"10.0.0.1", false, "private"},
		{"9.255.255.255", true, "before 10/8"},
		{"11.0.0.0", true, "after 10/8"},
		{"172.16.0.1", false, "private"},
		{"172.31.255.255", false, "private"},
		{"172.15.255.255", true, "before 172.16/12"},
		{"172.32.0.0", true, "after 172.16/12"},
		{"192.168.0.1", false, "private"},
		{"192.167.255.255", true, "before 192.168/16"},
		{"192.169.0.0", true, "after 192.168/16"},
		{"100.64.0.1", false, "carrier-grade NAT"},
		{"100.127.255.255", false, "carrier-grade NAT"},
		{"100.63.255.255", true, "before it"},
		{"100.128.0.0", true, "after it"},
		{"169.254.1.1", false, "link-local"},
		{"192.0.2.1", false, "documentation"},
		{"198.51.100.1", false, "documentation"},
		{"203.0.113.1", false, "documentation"},
		{"198.18.0.1", false, "benchmarks"},
		{"198.19.255.255", false, "benchmarks"},
		{"198.20.0.0", true, "after benchmarks"},
		{"192.88.99.1", false, "relay of 6to4"},
		{"224.0.0.1", false, "multicast"},
		{"239.255.255.255", false, "multicast"},
		{"240.0.0.1", false, "reserved"},
		{"255.255.255.255", false, "broadcast"},

		{"169.254.169.254", false, "metadata of AWS, Google, Azure, DigitalOcean"},
		{"169.254.170.2", false, "metadata of ECS"},
		{"fd00:ec2::254", false, "metadata of AWS"},
		{"100.100.100.200", false, "metadata of Alibaba"},
		{"192.0.0.192", false, "metadata of Oracle"},
		{"168.63.129.16", false, "services of Azure"},

		{"::", false, "unspecified"},
		{"::1", false, "loopback"},
		{"::ffff:127.0.0.1", false, "loopback, mapped"},
		{"::ffff:a9fe:a9fe", false, "metadata, mapped"},
		{"::ffff:10.0.0.1", false, "private, mapped"},
		{"::127.0.0.1", false, "loopback, compatible"},
		{"::ffff:0:127.0.0.1", false, "loopback, translated (SIIT)"},
		{"64:ff9b::7f00:1", false, "loopback behind NAT64"},
		{"64:ff9b::a9fe:a9fe", false, "metadata behind NAT64"},
		{"64:ff9b::a00:1", false, "private behind NAT64"},
		{"64:ff9b:1::5db8:d70e", false, "a translator of one's own"},
		{"2002:7f00:1::1", false, "loopback by 6to4"},
		{"2002:a00:1::1", false, "private by 6to4"},
		{"2002:5db8:d70e::1", false, "a host by 6to4, which nobody needs"},
		{"2001:0:4136:e378:8000:63bf:80ff:fffe", false, "loopback by Teredo"},
		{"2606:2800::5efe:127.0.0.1", false, "loopback by ISATAP"},
		{"2606:2800::200:5efe:10.0.0.1", false, "private by ISATAP"},
		{"fe80::1", false, "link-local"},
		{"fe80::1%eth0", false, "link-local with a zone"},
		{"fec0::1", false, "site-local"},
		{"fc00::1", false, "unique local"},
		{"fdff::1", false, "unique local"},
		{"ff02::1", false, "multicast"},
		{"2001:db8::1", false, "documentation"},
		{"3fff::1", false, "documentation"},
		{"2001:2::1", false, "benchmarks"},
		{"2001:20::1", false, "ORCHID"},
		{"2001:200::1", true, "a host after the protocol assignments"},
		{"100::1", false, "discard"},
		{"5f00::1", false, "SRv6"},
		{"4000::1", false, "not assigned"},
	} {
		at := netip.AddrPortFrom(netip.MustParseAddr(row.addr), 443).String()
		if err := webhook.CheckDial(nil, at, true); (err == nil) != row.public {
			t.Errorf("%s (%s): %v", row.addr, row.because, err)
		}
		if err := webhook.CheckDial(nil, at, false); err == nil {
			t.Errorf("%s (%s) is sent to without TLS", row.addr, row.because)
		}
	}
}

// TestAllowedAddresses: a list allows what it has, and nothing beside it.
func TestAllowedAddresses(t *testing.T) {
	allowed := webhook.Allowed{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/64"), netip.MustParsePrefix("224.0.0.0/3")}
	for addr, want := range map[string]bool{
		"127.0.0.1":           true,
		"::ffff:127.0.0.1":    true, // the same connection
		"127.0.0.2":           false,
		"::1":                 false,
		"10.1.255.255":        true,
		"10.2.0.0":            false,
		"fd00::5":             true,
		"fd00::5%eth0":        true,
		"fd00:0:0:1::5":       false,
		"64:ff9b::7f00:1":     false, // leads elsewhere
		"2002:7f00:1::":       false,
		"224.0.0.1":           false, // many hosts
		"255.255.255.255":     false,
		"240.0.0.1":           true,
		"169.254.169.254":     false,
		"2606:2800:21f::b2c":  true, // public
		"::ffff:93.184.215.1": true,
	} {
		at := netip.AddrPortFrom(netip.MustParseAddr(addr), 8080).String()
		if err := webhook.CheckDial(allowed, at, true); (err == nil) != want {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for addr, want := range map[string]bool{"127.0.0.1": true, "10.1.2.3": true, "93.184.215.14": false} {
		if err := webhook.CheckDial(allowed, addr+":80", false); (err == nil) != want {
			t.Errorf("%s without TLS: %v", addr, err)
		}
	}
	if webhook.CheckDial(webhook.Allowed{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, "localhost:80", true) == nil {
		t.Error("a name is sent to, without its address")
	}
}

// FuzzAddresses holds what is accepted against the standard library's own words for
// addresses, in each form in which an IPv6 address can contain one of IPv4.
func FuzzAddresses(f *testing.F) {
	for _, addr := range []string{"93.184.215.14", "127.0.0.1", "64:ff9b::7f00:1", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2606:2800::5efe:127.0.0.1", "fd00:ec2::254", "2606:2800::1"} {
		b := netip.MustParseAddr(addr).As16()
		f.Add(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]))
	}
	f.Fuzz(func(t *testing.T, high, low uint64) {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:8], high)
		binary.BigEndian.PutUint64(b[8:], low)
		addr := netip.AddrFrom16(b)
		at := netip.AddrPortFrom(addr, 443).String()
		if err := webhook.CheckDial(webhook.Allowed{netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen())}, at, false); (err != nil) != (addr.Unmap().IsUnspecified() || addr.Unmap().IsMulticast() || addr.Unmap() == netip.MustParseAddr("255.255.255.255")) {
			t.Errorf("%s is allowed: %v", addr, err)
		}
		if webhook.CheckDial(nil, at, false) == nil {
			t.Errorf("%s is sent to without TLS", addr)
		}
		if webhook.CheckDial(nil, at, true) != nil {
			return
		}
		seen := []netip.Addr{addr.Unmap()}
		if addr.Is4In6() || netip.MustParsePrefix("64:ff9b::/96").Contains(addr) || b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe && b[8]&^2 == 0 {
			seen = append(seen, netip.AddrFrom4([4]byte(b[12:])))
		}
		if b[0] == 0x20 && (b[1] == 2 || b[1] == 1 && b[2] == 0 && b[3] == 0) {
			t.Errorf("%s is a tunnel", addr)
		}
		for _, one := range seen {
			if !one.IsGlobalUnicast() || one.IsPrivate() {
				t.Errorf("%s is sent to, which leads to %s", addr, one)
			}
		}
	})
}
