package cli_test

import (
	"net"
	"os"
	"strings"
	"testing"
)

// check is how a configuration is looked at without starting anything.
var check = []string{"config", "check"}

var configInputs = []input{
	{
		name: "same key twice in file", args: check, file: "lanes: 1\nheaders: both\nlanes: 2\n",
		code: 3, says: []string{`ration.yaml:3:1: mapping key "lanes" already defined at [1:1]`},
	}, {
		name: "config limit: 1e3", args: check, file: "lanes: 1e3\n",
		code: 3, says: []string{`ration.yaml:1:8: lanes is "1e3": give a whole number`},
	}, {
		name: "config limit: 1.5", args: check, file: "routes:\n  - path: /a\n    amounts: {requests: 1.5}\n",
		code: 3, says: []string{`routes[0].amounts.requests is "1.5": requests are counted one by one; use a whole number`},
	}, {
		name: `config limit: "10"`, args: check, file: "lanes: \"10\"\n",
		code: 3, says: []string{`ration.yaml:1:8: lanes is "10": give a whole number`},
	}, {
		name: "config negative limit", args: check, file: "lanes: -1\n",
		code: 3, says: []string{`ration.yaml:1:8: lanes is "-1": use a whole number from 0 to 64`},
	}, {
		name: "config period 1dd", args: check, file: "upstream_timeout: 1dd\n",
		code: 3, says: []string{`ration.yaml:1:19: upstream_timeout is "1dd": use a time from 1ms to 24h, `},
	}, {
		name: "config period 0s", args: check, file: "upstream_timeout: 0s\n",
		code: 3, says: []string{`ration.yaml:1:19: upstream_timeout is "0s": use a time from 1ms`},
	}, {
		name: "config period -1h", args: check, file: "shutdown_delay: -1h\n",
		code: 3, says: []string{`ration.yaml:1:17: shutdown_delay is "-1h": use a time from 0s to 1h, `},
	}, {
		name: "env var misspelt RATION_LMIT", args: check, environment: []string{"RATION_LMIT=hunter2"},
		code: 3, says: []string{`RATION_LMIT: there is no setting "RATION_LMIT"`},
	}, {
		name: "env var misspelt RATION_LITSEN", args: check, environment: []string{"RATION_LITSEN=hunter2"},
		code: 3, says: []string{`there is no setting "RATION_LITSEN"; did you mean "RATION_LISTEN"?`},
	}, {
		name: "env set but empty", args: check, environment: []string{"RATION_DB=", "RATION_LISTEN=", "RATION_CONFIG="},
		code: 3, says: []string{`RATION_DB: db: it is empty; use "sqlite:" and the path`, "RATION_LISTEN: listen: use host:port", "RATION_CONFIG: is set but empty"},
	}, {
		name: "config upstream has userinfo", args: check, file: "upstream: http://u:hunter2@h\n",
		code: 3, says: []string{"ration.yaml:1:11: upstream: use a URL without user name and password"},
	}, {
		name: "config upstream is the proxy itself", args: check, file: "upstream: http://localhost:8080\n",
		code: 3, says: []string{"upstream: http://localhost:8080 leads back to Ration itself, because listen is 127.0.0.1:8080; give the URL of your API, or let Ration listen on another port"},
	}, {
		name: "config upstream is the API itself", args: check, file: "listen: 127.0.0.1:0\napi_listen: :9000\nupstream: https://127.0.0.9:9000/base\n",
		code: 3, says: []string{"upstream: https://127.0.0.9:9000/base leads back to Ration itself, because api_listen is [::]:9000"},
	}, {
		name: "config trusted_proxies 10.0.0.0/33", args: check, file: "trusted_proxies: [10.0.0.0/33]\n",
		code: 3, says: []string{`ration.yaml:1:19: trusted_proxies is "10.0.0.0/33": use addresses and ranges`},
	}, {
		name: "config trusted_proxies 0.0.0.0/0", args: check, file: "trusted_proxies: [0.0.0.0/0]\n",
		code: 3, says: []string{`ration.yaml:1:19: trusted_proxies is "0.0.0.0/0": write "any" to trust every address`},
	}, {
		name: "config not YAML with a secret on the line", args: check, file: "upstream_headers: {X-A: hunter2\n",
		code: 3, says: []string{"ration.yaml:1:19: could not find flow mapping end token '}'"},
	}, {
		name: "config depth 10k", args: check, file: "routes: " + strings.Repeat("[", 10_000) + "\n",
		code: 3, says: []string{"ration.yaml:"},
	}, {
		name: "config of 100 MB", args: check, file: strings.Repeat("# hunter2\n", 10_000_000),
		code: 3, says: []string{"ration.yaml: is larger than 1024 KiB"},
	}, {
		name: "config with a NUL and invalid UTF-8", args: check, file: "listen: \"127.0.0.1:\x000\xff\"\n",
		code: 3, says: []string{"ration.yaml:1:"},
	}, {
		name: "a setting that there was, in the file", args: check, file: "charge_preflights: false\n",
		code: 3, says: []string{"ration.yaml:1:1: charge_preflights no longer exists: what true meant is the default now; for false set cors_origins"},
	}, {
		name: "a setting that there was, in the environment", args: check, environment: []string{"RATION_CHARGE_PREFLIGHTS=true"},
		code: 3, says: []string{"RATION_CHARGE_PREFLIGHTS: no longer exists: what true meant is the default now"},
	}, {
		name: "a setting that there was, as a flag", args: []string{"serve", "--charge-preflights"},
		code: 2, says: []string{"--charge-preflights no longer exists: what true meant is the default now"},
	}, {
		name: "an unknown setting for TLS", args: check, file: "tls_cert: cert.pem\n",
		code: 3, says: []string{`ration.yaml:1:1: there is no setting "tls_cert"`},
	},
}

var configBehaviours = []behaviour{
	{"trusted_proxies any is explicit", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "ration.yaml", "trusted_proxies: [any]\n", 0o600)
		wants(t, runIn(t, nil, "config", "check", "--config", "ration.yaml"), 0)
	}},
	{"port in use", func(t *testing.T) {
		t.Chdir(t.TempDir())
		taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = taken.Close() })
		address := taken.Addr().String()
		wants(t, runIn(t, nil, "serve", "--api-listen", address), 1, address, "address already in use")
	}},
	{"upstream is the proxy itself", func(t *testing.T) {
		t.Chdir(t.TempDir())
		address := freeAddress(t)
		_, port, _ := net.SplitHostPort(address)
		wants(t, runIn(t, nil, "serve", "--api-listen", "127.0.0.1:0", "--listen", address, "--upstream", "http://localhost:"+port), 3,
			"upstream: http://localhost:"+port+" leads back to Ration itself, because listen is "+address)
		free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatalf("it has kept its listener: %v", err)
		}
		_ = free.Close()
	}},
	{"upstream is the API's own listener", func(t *testing.T) {
		t.Chdir(t.TempDir())
		address := freeAddress(t)
		_, port, _ := net.SplitHostPort(address)
		wants(t, runIn(t, []string{"RATION_API_LISTEN=:" + port}, "serve", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.2:"+port), 3,
			"upstream: http://127.0.0.2:"+port+" leads back to Ration itself, because api_listen is [::]:"+port)
	}},
	{"config unreadable", func(t *testing.T) {
		t.Chdir(openDirectory(t))
		writeFile(t, "ration.yaml", "lanes: 1\n", 0)
		wants(t, runAsOther(t, "config", "check", "--config", "ration.yaml"), 3, "ration.yaml: permission denied")
	}},
	{"env AND file AND flag conflict", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "ration.yaml", "api_listen: 127.0.0.1:1\n", 0o600)
		running := startServer(t, []string{"RATION_API_LISTEN=127.0.0.1:2"}, "--config", "ration.yaml")
		wants(t, running.stop(), 0,
			"note: api_listen is given twice: --api-listen counts, RATION_API_LISTEN does not",
			"note: api_listen is given twice: --api-listen counts, ration.yaml:1:13 does not")
		if strings.HasSuffix(running.api, ":1") || strings.HasSuffix(running.api, ":2") {
			t.Errorf("it serves at %s; want the flag's address", running.api)
		}
	}},
	{"secret in argv warned", func(t *testing.T) {
		t.Chdir(t.TempDir())
		got := runIn(t, nil, "keys", "list", "--db", "postgres://u:hunter2@127.0.0.1:1/d")
		wants(t, got, 4, "note: --db contains a password, which other users can see in the list of processes; use RATION_DB instead")
	}},
	{"pepper file mode 0644", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "pepper", "hunter2-hunter2-hunter2", 0o644)
		wants(t, runIn(t, nil, "serve", "--pepper-file", "pepper"), 3, `--pepper-file: pepper_file is "pepper": other users can read it; run chmod 600 on it`)
		if _, err := os.Stat("ration.db"); err == nil {
			t.Error("a database was made")
		}
	}},
	{"pepper of 3 chars", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "pepper", "abc", 0o600)
		wants(t, runIn(t, nil, "serve", "--pepper-file", "pepper"), 3, `pepper_file is "pepper": it has less than 16 bytes, so it can be guessed`)
	}},
}
