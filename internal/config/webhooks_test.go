package config_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestWebhookPrivateAddresses(t *testing.T) {
	for _, row := range []struct {
		value string
		want  []string
		fails bool
	}{
		{value: ""},
		{value: " "},
		{value: "127.0.0.1", want: []string{"127.0.0.1/32"}},
		{value: "127.0.0.1/32, 10.1.0.0/16,fd00::/64", want: []string{"127.0.0.1/32", "10.1.0.0/16", "fd00::/64"}},
		{value: "::ffff:10.0.0.0/104", want: []string{"10.0.0.0/8"}},
		{value: "::1", want: []string{"::1/128"}},
		{value: "any", fails: true},
		{value: "0.0.0.0/0", fails: true},
		{value: "10.0.0.0/8,::/0", fails: true},
		{value: "::ffff:0.0.0.0/96", fails: true},
		{value: "10.0.0.0/8,", fails: true},
		{value: "localhost", fails: true},
		{value: "10.0.0.1/33", fails: true},
		{value: "http://10.0.0.1", fails: true},
	} {
		got, err := config.Load(config.Sources{Flags: map[string]string{"webhook_private_addresses": row.value}})
		var want []netip.Prefix
		for _, text := range row.want {
			want = append(want, netip.MustParsePrefix(text))
		}
		if (err != nil) != row.fails || err == nil && !slices.Equal(got.WebhookPrivate, want) {
			t.Errorf("%q: got %v, %v", row.value, got.WebhookPrivate, err)
		}
	}
}
