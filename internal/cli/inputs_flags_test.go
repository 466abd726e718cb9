package cli_test

import "strings"

var flagInputs = []input{
	{
		name: "unknown flag --limt", args: []string{"keys", "create", "k", "--limt", "5/day"},
		code: 2, says: []string{"unknown flag: --limt; did you mean --limit?"},
	}, {
		name: "flag without value", args: []string{"keys", "create", "k", "--limit"},
		code: 2, says: []string{"flag needs an argument: --limit"},
	}, {
		name: "--listen 99999", args: []string{"serve", "--listen", "99999"},
		code: 3, says: []string{`--listen: listen is "99999": use host:port`, "the port is 0 (any) to 65535"},
	}, {
		name: "--listen :abc", args: []string{"serve", "--listen", ":abc"},
		code: 3, says: []string{`--listen: listen is ":abc": use host:port`},
	}, {
		name: "--listen of 10k characters", args: []string{"serve", "--listen", strings.Repeat("9", 10_000)},
		code: 3, says: []string{`--listen: listen is "9999`, "use host:port"},
	}, {
		name: "--config missing file", args: []string{"config", "check", "--config", "none.yaml"},
		code: 3, says: []string{"none.yaml: no such file or directory"},
	}, {
		name: "config is a directory", args: []string{"config", "check", "--config", "."},
		code: 3, says: []string{".: is a directory; give the path of a file"},
	}, {
		name: "limit 1e3", args: []string{"plans", "create", "p", "--limit", "1e3/day"},
		code: 2, says: []string{`limit is "1e3/day"`, `"1e3" is not a number`},
	}, {
		name: "limit 1.5", args: []string{"plans", "create", "p", "--limit", "1.5/day"},
		code: 2, says: []string{`limit is "1.5/day"`, `requests are counted one by one`},
	}, {
		name: `limit "10"`, args: []string{"plans", "create", "p", "--limit", `"10"/day`},
		code: 2, says: []string{`"\"10\"" is not a number`},
	}, {
		name: "negative limit where not allowed", args: []string{"plans", "create", "p", "--limit", "-1/day"},
		code: 2, says: []string{`limit is "-1/day"`, `"-1" is not a number`},
	}, {
		name: "zero limit where not allowed", args: []string{"plans", "create", "p", "--limit", "10/second burst 0"},
		code: 2, says: []string{`limit is "10/second burst 0": a burst is more than 0`},
	}, {
		name: "period 1dd", args: []string{"plans", "create", "p", "--limit", "5/1dd"},
		code: 2, says: []string{`period is "1dd": use hour, day, week, month or lifetime for a quota, second or minute for a rate`},
	}, {
		name: "period 0s", args: []string{"plans", "create", "p", "--limit", "5/0s"},
		code: 2, says: []string{`period is "0s": use hour, day, week, month or lifetime for a quota, second or minute for a rate`},
	}, {
		name: "period -1h", args: []string{"plans", "create", "p", "--limit", "5/-1h"},
		code: 2, says: []string{`period is "-1h": use hour, day, week, month or lifetime for a quota, second or minute for a rate`},
	}, {
		name: "overlap 1dd", args: []string{"keys", "rotate", "key_00000000-0000-7000-8000-000000000000", "--overlap", "1dd"},
		code: 2, says: []string{`--overlap is "1dd": use days or hours and minutes`},
	}, {
		name: "upstream ftp://", args: []string{"serve", "--upstream", "ftp://h"},
		code: 3, says: []string{`--upstream: upstream is "ftp://h": use an http:// or https:// URL with a host`},
	}, {
		name: "upstream without a host", args: []string{"serve", "--upstream", "http://"},
		code: 3, says: []string{`--upstream: upstream is "http://": use an http:// or https:// URL with a host`},
	}, {
		name: "upstream has userinfo", args: []string{"serve", "--upstream", "http://u:hunter2@h"},
		code: 3, says: []string{"--upstream: upstream: use a URL without user name and password"},
	}, {
		name: "upstream has a query", args: []string{"serve", "--upstream", "http://h/?a=b"},
		code: 3, says: []string{`--upstream: upstream: use a URL without query and fragment`},
	}, {
		name: "trusted_proxies 10.0.0.0/33", args: []string{"serve", "--trusted-proxies", "10.0.0.0/33"},
		code: 3, says: []string{`--trusted-proxies: trusted_proxies is "10.0.0.0/33": use addresses and ranges such as "10.0.0.0/8"`},
	}, {
		name: "trusted_proxies 0.0.0.0/0", args: []string{"serve", "--trusted-proxies", "0.0.0.0/0"},
		code: 3, says: []string{`--trusted-proxies: trusted_proxies is "0.0.0.0/0": write "any" to trust every address`},
	}, {
		name: "trusted_proxies ::/0", args: []string{"serve", "--trusted-proxies", "10.0.0.0/8,::/0"},
		code: 3, says: []string{`trusted_proxies is "::/0": write "any" to trust every address`},
	},
}
