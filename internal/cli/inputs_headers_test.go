package cli_test

import "testing"

// TestSettingsThatWouldBelieveEverybody are refused by each command that reads them.
func TestSettingsThatWouldBelieveEverybody(t *testing.T) {
	for name, row := range map[string]struct {
		flags []string
		says  string
	}{
		"two halves":             {[]string{"--trusted-proxies", "0.0.0.0/1,128.0.0.0/1"}, `write "any" to trust every address`},
		"two halves of IPv6":     {[]string{"--trusted-proxies", "::/1,8000::/1"}, `write "any" to trust every address`},
		"IPv4 in the form of v6": {[]string{"--trusted-proxies", "::ffff:0.0.0.0/96"}, `write "any" to trust every address`},
		"our own header":         {[]string{"--pass-headers", "X-Api-Version,X-Auth-Subject"}, "only the proxy sets or refuses this header"},
		"no header":              {[]string{"--pass-headers", "X User"}, "use the name of a header"},
	} {
		t.Run(name, func(t *testing.T) {
			wants(t, runIn(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9"}, row.flags...)...), 3, row.says)
		})
	}
}
