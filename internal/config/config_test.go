package config_test

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	got, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		DB: config.Database{Path: "./ration.db"}, Listen: "127.0.0.1:8080", APIListen: "127.0.0.1:8081", OIDC: config.OIDC{Scopes: []string{"email", "profile"}, GroupsClaim: "groups"},
		AdminListen: config.DefaultAdminListen, AdminListenByDefault: true, MetricsListen: "api",
		UpstreamTimeout: 10 * time.Minute, Headers: "draft10", KeyHeader: "X-API-Key", KeyBearer: true, KeyBasic: true,
		OverSettlement: ration.OverageRefuse, Lease: 30 * time.Second, UsageHoursDays: 90, HistoryDays: 1100, AuditLogDays: 1100, EventsDays: 30, LimitThresholds: []int{80, 100}, SecretPrefix: "rk", WaitForDatabase: time.Minute, ShutdownGrace: 30 * time.Second, LogFormat: "text", LogLevel: slog.LevelInfo, AccessLog: "off",
		Routes: route.Config{Refunds: rationhttp.DefaultRefunds()}, Preflights: "charge", PreflightRate: 10, ForwardAuth: "on", UsagePath: "/v1/usage",
		Portal:           config.Portal{ByDefault: true, Name: "API keys", Color: "#3056d3", RotationOverlap: 24 * time.Hour},
		KeyRequests:      config.KeyRequests{ByDefault: true, Path: "/v1/key-requests"},
		UpstreamCapacity: config.Capacity{InFlight: 1024, Waiting: 1024, Wait: 5 * time.Second, WebSockets: 1024},
		Unknown:          ration.UnknownSecrets{Burst: 20, PerSecond: 1, InAll: 200},
		Clients:          config.Clients{Connections: 8192, ConnectionsPerAddress: 256, New: 10000, NewPerAddress: 200, MinRate: 500, MinRateGrace: 20 * time.Second},
	}
	sameSecret := cmp.Comparer(func(a, b ration.Secret) bool { return a.Digest(nil) == b.Digest(nil) })
	if diff := cmp.Diff(want, got, sameSecret); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestPrecedence(t *testing.T) {
	file := write(t, "ration.yaml", "listen: 127.0.0.1:1\napi_listen: 127.0.0.1:1\nheaders: legacy\n")
	got, err := config.Load(config.Sources{
		File:        file,
		Environment: []string{"RATION_LISTEN=127.0.0.1:2", "RATION_API_LISTEN=127.0.0.1:2", "OTHER=1", "RATION_TEST_X=1", "RATION_URL=http://127.0.0.1:8081", "RATION_TOKEN=secret", "RATION_ADMIN_URL=http://127.0.0.1:8082", "RATION_ADMIN_TOKEN=secret", "RATION_ACTIVE_HELP=0", "RATION_COMPLETION_DESCRIPTIONS=false"},
		Flags:       map[string]string{"listen": "127.0.0.1:3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:3" || got.APIListen != "127.0.0.1:2" || got.Headers != "legacy" {
		t.Errorf("flag, environment, file: got %q, %q, %q", got.Listen, got.APIListen, got.Headers)
	}
	want := []string{
		"listen is given twice: --listen counts, RATION_LISTEN does not",
		"listen is given twice: --listen counts, " + file + ":1:9 does not",
		"api_listen is given twice: RATION_API_LISTEN counts, " + file + ":2:13 does not",
	}
	if diff := cmp.Diff(want, got.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestFile(t *testing.T) {
	path := write(t, "ration.yaml", `
# a comment
db: postgres://ration:secret@db/ration
upstream: http://127.0.0.1:8000/base
upstream_timeout: 90s
lanes: 4
key_basic: false
log_level: warn
trusted_proxies:
  - 10.0.0.1/8
  - 2001:db8::1
upstream_headers:
  X-Internal-Token: "hunter2"
over_settlement: clamp
refuse_unmatched: true
cors_origins: [https://app.example.com, "http://localhost:3000"]
cors_credentials: true
preflight_rate: 50
refunds: [timeout, 503]
routes:
  - path: /static/*
    free: true
  - path: /ask
    methods: [POST]
    amounts: {requests: 1, tokens: 20}
    scope: ask
    key_query: api_key
    fail_open: true
    no_rewrite: true
    refunds: [unreachable, 422]
    idempotency: required
    name: asking
  - path: /kept
    refunds: []
    idempotency: true
  - path: /off
    idempotency: false
  - path: /llm
    amounts: {tokens: 1000}
    reserve: {ttl: 5m, at_expiry: release}
    settle:
      tokens: {header: X-Tokens-Used, json: /usage/total_tokens, sse: /usage/total_tokens}
  - path: /briefly
    amounts: {tokens: 1000}
    settle: {tokens: {header: X-Tokens-Used}}
`)
	got, err := config.Load(config.Sources{Environment: []string{"RATION_CONFIG=" + path}})
	if err != nil {
		t.Fatal(err)
	}
	if got.DB.URL != "postgres://ration:secret@db/ration" || got.DB.Path != "" || got.Upstream.Path != "/base" ||
		got.UpstreamTimeout != 90*time.Second || got.Lanes != 4 || got.KeyBasic || got.LogLevel != slog.LevelWarn {
		t.Errorf("got %+v", got)
	}
	if want := (cors.Policy{Origins: []string{"https://app.example.com", "http://localhost:3000"}, Credentials: true}); !cmp.Equal(got.CORS, want) || got.Preflights != "charge" || got.PreflightRate != 50 {
		t.Errorf("got %+v, %s, %d", got.CORS, got.Preflights, got.PreflightRate)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")}
	if diff := cmp.Diff(proxies, got.TrustedProxies, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("trusted proxies (-want +got):\n%s", diff)
	}
	routes := route.Config{RefuseUnmatched: true, Refunds: rationhttp.Refunds{Timeout: true, Statuses: []int{503}}, Routes: []route.Route{
		{Path: "/static/*", Free: true, Amounts: map[string]ration.Amount{}},
		{Name: "asking", Methods: []string{"POST"}, Path: "/ask", Amounts: map[string]ration.Amount{"requests": {Meter: "requests", Units: 1}, "tokens": {Meter: "tokens", Units: 20}}, Scope: "ask", KeyQuery: "api_key", FailOpen: true, NoRewrite: true, Refunds: &rationhttp.Refunds{Unreachable: true, Statuses: []int{422}}, Idempotency: route.IdempotencyRequired},
		{Path: "/kept", Amounts: map[string]ration.Amount{}, Refunds: &rationhttp.Refunds{}, Idempotency: route.IdempotencyOn},
		{Path: "/off", Amounts: map[string]ration.Amount{}},
		{Path: "/llm", Amounts: map[string]ration.Amount{"tokens": {Meter: "tokens", Units: 1000}}, Reserve: &route.Reserve{
			TTL: 5 * time.Minute, AtExpiry: "release", Overage: ration.OverageClamp,
			Reports: map[string]route.Report{"tokens": {Header: "X-Tokens-Used", JSON: "/usage/total_tokens", SSE: "/usage/total_tokens"}},
		}},
		{Path: "/briefly", Amounts: map[string]ration.Amount{"tokens": {Meter: "tokens", Units: 1000}}, Reserve: &route.Reserve{Overage: ration.OverageClamp, Reports: map[string]route.Report{"tokens": {Header: "X-Tokens-Used"}}}},
	}}
	if diff := cmp.Diff(routes, got.Routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"X-Internal-Token": "hunter2"}, got.UpstreamHeaders); diff != "" {
		t.Errorf("upstream headers (-want +got):\n%s", diff)
	}
}

func TestOverageNeedsNoMoreThanToBeAccepted(t *testing.T) {
	for _, content := range []string{"accept_overage: true\nover_settlement: overage\n", "over_settlement: overage\naccept_overage: true\n"} {
		got, err := config.Load(config.Sources{File: write(t, "ration.yaml", content)})
		if err != nil || !got.AcceptOverage || got.OverSettlement != ration.OverageAllow {
			t.Errorf("got %t and %q, %v", got.AcceptOverage, got.OverSettlement, err)
		}
	}
}

func TestPepper(t *testing.T) {
	path := write(t, "pepper", "0123456789abcdef\n")
	got, err := config.Load(config.Sources{Flags: map[string]string{"pepper_file": path}})
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Pepper) != "0123456789abcdef" {
		t.Errorf("pepper of %d bytes; want the line without its end", len(got.Pepper))
	}
}

func TestPepperInTheEnvironment(t *testing.T) {
	file := write(t, "pepper", "0123456789abcdef\n")
	for _, text := range []string{"0123456789abcdef", "0123456789abcdef\n", "0123456789abcdef\r\n"} {
		got, err := config.Load(config.Sources{Environment: []string{"RATION_PEPPER=" + text}})
		if err != nil || string(got.Pepper) != "0123456789abcdef" {
			t.Errorf("%q: pepper of %d bytes, %v; want that of a file with this text", text, len(got.Pepper), err)
		}
	}
	for _, row := range []struct {
		environment []string
		want        string
	}{
		{[]string{"RATION_PEPPER="}, "RATION_PEPPER: is set but empty"},
		{[]string{"RATION_PEPPER=hunter2-hunter2\n"}, "RATION_PEPPER: it has less than 16 bytes"},
		{[]string{"RATION_PEPPER=hunter2-hunter2-hunter2", "RATION_PEPPER_FILE=" + file}, "RATION_PEPPER: is set, and pepper_file too"},
		{[]string{"RATION_PEPPR=hunter2-hunter2-hunter2"}, "RATION_PEPPER"},
	} {
		if _, err := config.Load(config.Sources{Environment: row.environment}); err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", row.environment, err, row.want)
		}
	}
}

// TestFaultsInFile has a file's content and the message after the file's name.
func TestFaultsInFile(t *testing.T) {
	for _, row := range []struct{ name, content, want string }{
		{"unknown setting", "lisen: 127.0.0.1:1\n", `:1:1: there is no setting "lisen"; did you mean "listen"?`},
		{"a tab for indentation", "routes:\n\t- {path: /a}\n", `:2:1: a tab stands here; indent with spaces, as YAML has it`},
		{"a line that is indented too far", "routes:\n  - path: /a\n     free: true\n", `:2:11: mapping value is not allowed in this context; check that this line and the next begin in the same column as their neighbours`},
		{"a list's line that is indented too little", "lanes: 1\n listen: 127.0.0.1:1\n", `:1:8: mapping value is not allowed in this context; check that this line and the next begin in the same column as their neighbours`},
		{"nothing like it", "unheard_of_setting: 1\n", `:1:1: there is no setting "unheard_of_setting"`},
		{"the same setting twice, both lines", "lanes: 1\nlisten: 127.0.0.1:1\nlanes: 2\n", `:3:1: mapping key "lanes" already defined at [1:1]`},
		{"number with an exponent", "lanes: 1e3\n", `:1:8: lanes is "1e3": give a whole number`},
		{"number with a fraction", "lanes: 1.5\n", `:1:8: lanes is "1.5": give a whole number`},
		{"number in quotes", "lanes: \"10\"\n", `:1:8: lanes is "10": give a whole number`},
		{"negative number", "lanes: -1\n", `:1:8: lanes is "-1": use a whole number from 0 to 64`},
		{"hexadecimal number", "lanes: 0x10\n", `:1:8: lanes is "0x10": use a whole number from 0 to 64`},
		{"no value", "lanes:\n", `:1:8: lanes: give a whole number`},
		{"yes is no boolean", "key_basic: yes\n", `:1:12: key_basic is "yes": give true or false`},
		{"number for a text", "secret_prefix: 12\n", `:1:16: secret_prefix is "12": give a text`},
		{"list for a text", "listen: [a]\n", `:1:9: listen is "Sequence": give a text`},
		{"text for a list", "trusted_proxies: 10.0.0.0/8\n", `:1:18: trusted_proxies: give a list: one item per line, each after a dash`},
		{"range that is none", "trusted_proxies: [10.0.0.0/33]\n", `:1:19: trusted_proxies is "10.0.0.0/33": use addresses and ranges such as "10.0.0.0/8", separated by commas`},
		{"everybody trusted unawares", "trusted_proxies: [0.0.0.0/0]\n", `:1:19: trusted_proxies is "0.0.0.0/0": write "any" to trust every address`},
		{"refunds that are no list", "refunds: 503\n", `:1:10: refunds: give a list: one item per line, each after a dash`},
		{"refunds after success", "refunds: [200]\n", `:1:11: refunds is "200": use unreachable, timeout, or a status from 400 to 599`},
		{"refunds with a fraction", "refunds: [503.0]\n", `:1:11: refunds: give a list of texts and whole numbers`},
		{"refunds of a route after success", "routes:\n  - path: /a\n    refunds: [200]\n", `:3:15: routes refunds is "200": use unreachable, timeout, or a status from 400 to 599`},
		{"refunds of a route that are no list", "routes:\n  - path: /a\n    refunds: 503\n", `:3:14: routes: give a list: one item per line, each after a dash`},
		{"refunds of a free route", "routes:\n  - path: /a\n    free: true\n    refunds: [503]\n", `:2:5: routes[0].refunds: a free route asks for no key and counts nothing`},
		{"idempotency of another kind", "routes:\n  - path: /a\n    idempotency: always\n", `:3:18: routes idempotency is "always": use true, false or required`},
		{"idempotency of a free route", "routes:\n  - path: /a\n    free: true\n    idempotency: true\n", `:2:5: routes[0].idempotency is "on": a free route asks for no key and counts nothing`},
		{"origin with a path", "cors_origins: [\"https://app.example.com/\"]\n", `:1:16: cors_origins is "https://app.example.com/": browsers write it as "https://app.example.com"`},
		{"origin of nobody", "cors_origins: [\"null\"]\n", `:1:16: cors_origins is "null": "null" names nobody: every sandboxed page and every local file sends it; write "*" to allow all pages`},
		{"all origins and one", "cors_origins: [\"*\", \"https://app.example.com\"]\n", `:1:15: cors_origins is "*": it stands for all origins; leave the others out`},
		{"cookies to all origins", "cors_origins: [\"*\"]\ncors_credentials: true\n", `:2:19: cors_credentials is "true": browsers send no cookies where "*" is allowed; name the origins`},
		{"cookies to nobody", "cors_credentials: true\n", `:1:19: cors_credentials is "true": it means nothing without origins`},
		{"preflights answered twice", "cors_origins: [\"*\"]\npreflights: upstream\n", `:2:13: preflights is "upstream": with cors_origins the proxy answers preflights itself; leave one of the two out`},
		{"preflights to somebody else", "preflights: ration\n", `:1:13: preflights is "ration": use charge, upstream`},
		{"no preflights at all", "preflight_rate: 0\n", `:1:17: preflight_rate is "0": use a whole number from 1 to 10000`},
		{"usage path without a slash", "usage_path: v1/usage\n", `:1:13: usage_path is "v1/usage": use a path such as "/v1/usage", of letters, digits, "-", "_", "." and "~" between single slashes, or off`},
		{"usage path with an escape", "usage_path: /v1/%75sage\n", `:1:13: usage_path is "/v1/%75sage": use a path such as "/v1/usage", of letters, digits, "-", "_", "." and "~" between single slashes, or off`},
		{"usage path with a pattern", "usage_path: \"/v1/{id}\"\n", `:1:13: usage_path is "/v1/{id}": use a path such as "/v1/usage", of letters, digits, "-", "_", "." and "~" between single slashes, or off`},
		{"usage path above itself", "usage_path: /v1/../usage\n", `:1:13: usage_path is "/v1/../usage": use a path such as "/v1/usage", of letters, digits, "-", "_", "." and "~" between single slashes, or off`},
		{"usage path that is all paths", "usage_path: /\n", `:1:13: usage_path is "/": use a path such as "/v1/usage", of letters, digits, "-", "_", "." and "~" between single slashes, or off`},
		{"usage path of something else", "usage_path: /v1/reservations/mine\n", `:1:13: usage_path is "/v1/reservations/mine": the verify API has something else there`},
		{"key requests that may be", "key_requests: maybe\n", `:1:15: key_requests is "maybe": use on, off`},
		{"key requests' path of the API", "key_requests_path: /v1/verify\n", `:1:20: key_requests_path is "/v1/verify": the verify API has something else there`},
		{"key requests' path of a route", "key_requests_path: /ask\nroutes:\n  - path: /ask/pickup\n", `:1:20: key_requests_path is "/ask": routes[0] has the path /ask/pickup too; use another path, or off`},
		{"key requests' path of usage_path", "key_requests_path: /ask\nusage_path: /ask/state\n", `:1:20: key_requests_path is "/ask": usage_path is /ask/state; use another path, or off`},
		{"key requests' path above the portal's", "key_requests_path: /own\nportal_path: /own/portal\n", `:1:20: key_requests_path is "/own": portal_path is /own/portal; use another path, or off`},
		{"portal path of a page", "portal_path: portal\n", `:1:14: portal_path is "portal": use a path such as "/portal", of letters, digits, "-", "_", "." and "~" between single slashes, or off`},
		{"portal path of everything", "portal_path: /\n", `:1:14: portal_path is "/": use a path such as "/portal", of letters, digits, "-", "_", "." and "~" between single slashes, or off`},
		{"portal path above the API", "portal_path: /v1\n", `:1:14: portal_path is "/v1": the verify API has something else below it`},
		{"portal path of the API", "portal_path: /v1/verify\n", `:1:14: portal_path is "/v1/verify": the verify API has something else there`},
		{"portal path above usage_path", "portal_path: /own\nusage_path: /own/usage\n", `:1:14: portal_path is "/own": usage_path is /own/usage; neither of the two may be below the other`},
		{"portal path of a route", "portal_path: /own\nroutes:\n  - path: /a\n  - path: /own/*\n", `:1:14: portal_path is "/own": routes[1] has the path /own/*, which would be one of its pages; use another path, or off`},
		{"portal URL of no web", "portal_url: ftp://example.com\n", `:1:13: portal_url is "ftp://example.com": use a URL such as "https://api.example.com/portal"`},
		{"portal URL with a query", "portal_url: https://example.com/p?token=x\n", `:1:13: portal_url: use a URL without query and fragment`},
		{"portal link that runs", "portal_link: \"javascript:alert(1)\"\n", `:1:14: portal_link is "javascript:alert(1)": use an https:// URL such as "https://example.com"`},
		{"portal link without TLS", "portal_link: http://example.com\n", `:1:14: portal_link is "http://example.com": use an https:// URL such as "https://example.com"`},
		{"portal color by name", "portal_color: red\n", `:1:15: portal_color is "red": use a colour such as "#3056d3"`},
		{"portal name of nothing", "portal_name: \" \"\n", `:1:14: portal_name is " ": use a name of 1 to 60 characters without control characters`},
		{"portal rotation", "portal_rotation: \"yes\"\n", `:1:18: portal_rotation is "yes": use on, off`},
		{"usage path of a route", "usage_path: /mine\nroutes:\n  - path: /a\n  - path: /mine\n", `:1:13: usage_path is "/mine": routes[1] has this path too; use another path, or off`},
		{"usage URL with a password", "usage_url: https://u:hunter2@api.example.com/v1/usage\n", `:1:12: usage_url is "https://u:xxxxx@api.example.com/v1/usage": use a URL such as "https://api.example.com/v1/usage" without a user, a query and a fragment, or its path`},
		{"usage URL of another scheme", "usage_url: \"javascript:alert(1)\"\n", `:1:12: usage_url is "javascript:alert(1)": use a URL such as "https://api.example.com/v1/usage" without a user, a query and a fragment, or its path`},
		{"usage URL without a scheme", "usage_url: //api.example.com/v1/usage\n", `:1:12: usage_url is "//api.example.com/v1/usage": use a URL such as "https://api.example.com/v1/usage" without a user, a query and a fragment, or its path`},
		{"a setting that there was", "charge_preflights: true\n", `:1:1: charge_preflights no longer exists: what true meant is the default now; for false set cors_origins to the origins of your pages, and the proxy answers preflights itself, or preflights: upstream, if the API answers them`},
		{"reserve of a free route", "routes:\n  - path: /a\n    free: true\n    reserve: {ttl: 5m}\n", `:2:5: routes[0].reserve: a free route asks for no key and counts nothing`},
		{"reserve without settle", "routes:\n  - path: /a\n    reserve: {ttl: 5m}\n", `:2:5: routes[0].settle: say where the upstream reports what was used`},
		{"reserve for too long", "routes:\n  - path: /a\n    reserve: {ttl: 25h}\n", `:3:15: routes reserve.ttl is "25h": use a time from 1s to 24h, such as "30s" or "5m"`},
		{"reserve with another end", "routes:\n  - path: /a\n    settle: {requests: {header: X-A}}\n    reserve: {at_expiry: lose}\n", `:2:5: routes[0].reserve.at_expiry is "lose": use keep or release`},
		{"reserve with a misspelt part", "routes:\n  - path: /a\n    reserve: {tll: 5m}\n", `:3:15: unknown field "tll"; did you mean "ttl"?`},
		{"settle of what is not reserved", "routes:\n  - path: /a\n    settle: {tokens: {header: X-A}}\n", `:2:5: routes[0].settle is "tokens": the route's amounts reserve nothing on this meter`},
		{"settle by nothing", "routes:\n  - path: /a\n    settle: {requests: {}}\n", `:2:5: routes[0].settle.requests.header: say where the upstream reports it: header, json or sse`},
		{"settle by no pointer", "routes:\n  - path: /a\n    settle: {requests: {json: usage}}\n", `:2:5: routes[0].settle.requests.pointer is "usage": a JSON pointer starts with "/", such as "/quota/remaining"`},
		{"settle by no header", "routes:\n  - path: /a\n    settle: {requests: {header: X A}}\n", `:2:5: routes[0].settle.requests.header is "X A": use the name of a header, such as "X-Tokens-Used"`},
		{"settle with a misspelt part", "routes:\n  - path: /a\n    settle: {requests: {jsn: /a}}\n", `:3:25: unknown field "jsn"; did you mean "json"?`},
		{"duration with a wrong unit", "upstream_timeout: 1dd\n", `:1:19: upstream_timeout is "1dd": use a time from 1ms to 24h, such as "30s" or "5m"`},
		{"duration of nothing", "upstream_timeout: 0s\n", `:1:19: upstream_timeout is "0s": use a time from 1ms to 24h, such as "30s" or "5m"`},
		{"negative duration", "shutdown_delay: -1h\n", `:1:17: shutdown_delay is "-1h": use a time from 0s to 1h, such as "30s" or "5m"`},
		{"duration without a unit", "shutdown_grace: 30\n", `:1:17: shutdown_grace is "30": use a time such as "30s"`},
		{"no space behind a colon", "listen:127.0.0.1:1\nlanes: 1\n", `:1:1: unexpected key name; check that a space follows the colon of this line and the one before, and that both begin in the same column as their neighbours`},
		{"a tab before the first setting", "\tlisten: x\n", `:1:7: a tab stands here; YAML begins lines with spaces alone`},
		{"UTF-16", "\xff\xfel\x00a\x00", `: the file is UTF-16; save it as UTF-8`},
		{"another encoding", "name: b\xfccher\n", `:1:1: this line is not UTF-8; save the file as UTF-8`},
		{"a mark before UTF-8", "\xef\xbb\xbflanes: x\r\n", `:1:8: lanes is "x": give a whole number`},
		{"alias", "listen: *x\n", `:1:9: listen is "Alias": give a text`},
		{"header value with a line break", "upstream_headers: {X-A: \"hunter2\\nvalue\"}\n", `:1:20: upstream_headers: the value of X-A has a control character or a line break`},
		{"header name with a space", "upstream_headers: {\"X A\": hunter2}\n", `:1:20: upstream_headers is "X A": use the name of a header, such as "X-Internal-Token"`},
		{"route without a path", "routes:\n  - path: /a\n  - name: x\n", `:3:5: routes[1].path: a path starts with "/"`},
		{"number for an address", "listen: 8080\n", `:1:9: listen is "8080": use host:port, such as "127.0.0.1:8080"; the port is 0 (any) to 65535`},
		{"route with a near field", "routes:\n  - path: /a\n    method: GET\n", `:3:5: unknown field "method"; did you mean "methods"?`},
		{"route with a misspelt field", "routes:\n  - path: /a\n    fre: true\n", `:3:5: unknown field "fre"; did you mean "free"?`},
		{"route that is hidden", "routes:\n  - path: /*\n  - path: /a\n", `:3:5: routes[1].path is "/a": routes[0] (/*) matches all its requests; put the narrower route first`},
		{"route that is free and costs", "routes:\n  - path: /a\n    free: true\n    scope: x\n", `:2:5: routes[0].scope is "x": a free route asks for no key and counts nothing`},
		{"free that is no boolean", "routes:\n  - path: /a\n    free: yes\n", `:3:11: give true or false`},
		{"requests with a fraction", "routes:\n  - path: /a\n    amounts: {requests: 1.5}\n", `:2:5: routes[0].amounts.requests is "1.5": requests are counted one by one; use a whole number`},
		{"amount finer than any unit", "routes:\n  - path: /a\n    amounts: {tokens: 0.0000000001}\n", `:3:23: routes amounts.tokens is "0.0000000001": give a number from 0 to 9007199254740992, in steps of 0.000000001 at the least`},
		{"amount in quotes", "routes:\n  - path: /a\n    amounts: {tokens: \"10\"}\n", `:3:23: routes amounts.tokens is "10": give a number from 0 to 9007199254740992, in steps of 0.000000001 at the least`},
		{"amount below zero", "routes:\n  - path: /a\n    amounts: {tokens: -1}\n", `:3:23: routes amounts.tokens is "-1": give a number from 0 to 9007199254740992, in steps of 0.000000001 at the least`},
		{"methods that are no list", "routes:\n  - path: /a\n    methods: post\n", `:3:14: give a list, such as [POST]`},
		{"routes that are no list", "routes: {path: /a}\n", `:1:9: give a list`},
		{"pointer without a slash", "rewrite:\n  /user: key_name\n  quota: remaining\n", `:3:3: rewrite is "quota": a JSON pointer starts with "/", such as "/quota/remaining"`},
		{"field that isn't there", "rewrite:\n  /user: name\n", `:2:10: rewrite is "name": use remaining, limit, used or resets_at, also "… of" and a limit's name, or key_id, key_name, owner or plan`},
		{"field that is no text", "rewrite:\n  /user: 1\n", `:2:10: rewrite is "1": give a text`},
		{"rewrite that is a list", "rewrite: [a]\n", `:1:10: rewrite: give a mapping of JSON pointers to fields, such as "/quota/remaining: remaining"`},
		{"error of no code", "errors:\n  key_mising: {status: 401, body: '{}'}\n", `:2:3: errors.key_mising.code is "key_mising": use default, or a code such as key_missing, key_unknown or quota_exceeded`},
		{"error with a body that is no JSON", "errors:\n  default: {status: 401, body: '{'}\n", `:2:3: errors.default.body: this is no JSON; quote placeholders of texts, as in "${detail}"`},
		{"error of success", "errors:\n  default: {status: 200, body: '{}'}\n", `:2:3: errors.default.status is "200": use a status from 400 to 599`},
		{"error with a misspelt part", "errors:\n  default: {stats: 401, body: '{}'}\n", `:2:13: unknown field "stats"; did you mean "status"?`},
		{"not YAML, and no line of it shown", "upstream_headers: {X-A: hunter2\n", `:1:19: could not find flow mapping end token '}'`},
		{"no configuration: a name that is a secret", "hunter2-abc:x: 1\n", `:1:1: unknown setting; a name has only lower-case letters and "_", such as "listen"`},
		{"a name with a capital", "Listen: 127.0.0.1:1\n", `:1:1: unknown setting; did you mean "listen"?`},
		{"no configuration: a secret twice", "hunter2: 1\nhunter2: 2\n", `:2:1: mapping key "…" already defined at [1:1]`},
		{"no configuration: a secret with quotes as a field", "routes:\n  - path: /a\n    'a\"hunter2\"b': 1\n", `:3:5: unknown field "…"`},
		{"overage that nobody accepted", "over_settlement: overage\n", `:1:18: over_settlement is "overage": it needs accept_overage: true, which gives up the promise that a key is never over its limit`},
		{"settlements of no kind", "over_settlement: count\n", `:1:18: over_settlement is "count": use refuse, clamp or overage`},
		{"a list at the top", "- a\n", `:1:1: write one document of "setting: value" lines`},
		{"two documents", "lanes: 1\n---\nlanes: 2\n", `:3:1: write one document of "setting: value" lines`},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := write(t, "ration.yaml", row.content)
			_, err := config.Load(config.Sources{File: path})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(path+row.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows a secret")
			}
		})
	}
}

func TestFaults(t *testing.T) {
	directory := t.TempDir()
	short, open := write(t, "short", "abc"), write(t, "open", strings.Repeat("x", 32))
	if err := os.Chmod(open, 0o644); err != nil { //nolint:gosec // it is what the test is about
		t.Fatal(err)
	}
	flag := func(name, value string) config.Sources {
		return config.Sources{Flags: map[string]string{name: value}}
	}
	variable := func(text string) config.Sources { return config.Sources{Environment: []string{text}} }
	for _, row := range []struct {
		name    string
		sources config.Sources
		want    string
	}{
		{"port alone", flag("listen", "99999"), `--listen: listen is "99999": use host:port`},
		{"port too large", flag("listen", "127.0.0.1:99999"), `--listen: listen is "127.0.0.1:99999": use host:port`},
		{"port that is a word", flag("listen", ":abc"), `--listen: listen is ":abc": use host:port`},
		{"upstream of another protocol", flag("upstream", "ftp://x"), `--upstream: upstream is "ftp://x": use an http:// or https:// URL`},
		{"upstream without a scheme", flag("upstream", "127.0.0.1:9000"), `--upstream: upstream is "127.0.0.1:9000": the scheme is missing; use "http://127.0.0.1:9000"`},
		{"upstream by name without a scheme", flag("upstream", "localhost:9000"), `the scheme is missing; use "http://localhost:9000"`},
		{"server by address without a scheme", flag("server", "127.0.0.1:8082"), `--server: server is "127.0.0.1:8082": the scheme is missing; use "http://127.0.0.1:8082"`},
		{"server by address elsewhere without a scheme", flag("server", "192.0.2.7:8082"), `the scheme is missing; use "https://192.0.2.7:8082"`},
		{"server by name without a scheme", flag("server", "localhost:8082"), `the scheme is missing; use "http://localhost:8082"`},
		{"server with a password, not shown", flag("server", "https://u:hunter2@127.0.0.1:8082"), `--server: server: use a URL without user name and password`},
		{"server with a password and no scheme, not shown", flag("server", "u:hunter2@127.0.0.1:8082"), `--server: server: use a URL without user name and password`},
		{"upstream without host", flag("upstream", "http://"), `--upstream: upstream is "http://": use an http:// or https:// URL`},
		{"upstream with a password, not shown", flag("upstream", "http://u:hunter2@h"), `--upstream: upstream: use a URL without user name and password`},
		{"upstream with a query", flag("upstream", "http://h/?a=b"), `--upstream: upstream: use a URL without query`},
		{"database without a scheme", flag("db", "./x.db"), `--db: db: use "sqlite:" and the path of a file, such as "sqlite:./x.db", or`},
		{"database as SQLite names files", flag("db", "file:x.db"), `such as "sqlite:x.db", or`},
		{"database as other programs name files", flag("db", "sqlite3:///var/x.db"), `such as "sqlite:/var/x.db", or`},
		{"database without a scheme that may be a password", flag("db", "hunter2"), `--db: db: use "sqlite:" and the path of a file, such as "sqlite:./ration.db", or`},
		{"database without a scheme that may be part of a URL", flag("db", "u:hunter2@h/x.db"), `such as "sqlite:./ration.db", or`},
		{"database of another kind, password not shown", flag("db", "mysql://u:hunter2@h/d"), `--db: db: use "sqlite:" and the path`},
		{"password with a hash, not shown", variable("RATION_DB=postgres://u:hunter2#x@h/d"), `RATION_DB: db: the URL can't be read; in a user name or password write "#" as %23`},
		{"database with a fragment", variable("RATION_DB=postgres://h#x/d"), `write "#" as %23`},
		{"empty database in the environment", variable("RATION_DB="), `RATION_DB: db: it is empty; use "sqlite:" and the path`},
		{"empty address in the environment", variable("RATION_LISTEN="), `RATION_LISTEN: listen: use host:port`},
		{"misspelt variable", variable("RATION_LITSEN=x"), `RATION_LITSEN: there is no setting "RATION_LITSEN"; did you mean "RATION_LISTEN"?`},
		{"variable in lower case", variable("RATION_listen=x"), `RATION_listen: there is no setting "RATION_listen"; did you mean "RATION_LISTEN"?`},
		{"variable for what only a file has", variable("RATION_UPSTREAM_HEADERS=x"), `RATION_UPSTREAM_HEADERS: upstream_headers can only be given in a configuration file`},
		{"empty name of a file", variable("RATION_CONFIG="), `RATION_CONFIG: is set but empty`},
		{"secret prefix", flag("secret_prefix", "R-K"), `--secret-prefix: secret_prefix is "R-K": use 1 to 16`},
		{"choice", flag("headers", "all"), `--headers: headers is "all": use draft10, legacy, both, off`},
		{"overage by flag", flag("over_settlement", "overage"), `--over-settlement: over_settlement is "overage": it needs accept_overage: true`},
		{"overage against the flag that refuses it", config.Sources{Environment: []string{"RATION_ACCEPT_OVERAGE=true", "RATION_OVER_SETTLEMENT=overage"}, Flags: map[string]string{"accept_overage": "false"}}, `RATION_OVER_SETTLEMENT: over_settlement is "overage": it needs accept_overage: true`},
		{"certificate without a key", flag("tls_cert_file", "cert.pem"), `--tls-cert-file: tls_cert_file is "cert.pem": a certificate needs its key, and a key its certificate: set tls_key_file too`},
		{"key without a certificate", config.Sources{Environment: []string{"RATION_API_TLS_KEY_FILE=key.pem"}}, `RATION_API_TLS_KEY_FILE: api_tls_key_file is "key.pem": a certificate needs its key, and a key its certificate: set api_tls_cert_file too`},
		{"settlements of nothing", flag("over_settlement", ""), `--over-settlement: over_settlement: use refuse, clamp or overage`},
		{"level", flag("log_level", "INFO"), `--log-level: log_level is "INFO": use debug, info, warn, error`},
		{"header name", flag("key_header", "X Key"), `--key-header: key_header is "X Key": use the name of a header`},
		{"file that isn't there", config.Sources{File: directory + "/none.yaml"}, "none.yaml: no such file or directory"},
		{"file that is a directory", config.Sources{File: directory}, ": is a directory"},
		{"pepper that isn't there", flag("pepper_file", directory+"/none"), "no such file or directory"},
		{"pepper that can be guessed", flag("pepper_file", short), "it has less than 16 bytes"},
		{"pepper that others can read", flag("pepper_file", open), "other users can read it; run chmod 600 on it"},
		{"outvoted value", config.Sources{Environment: []string{"RATION_LISTEN=x"}, Flags: map[string]string{"listen": "127.0.0.1:1"}}, `RATION_LISTEN: listen is "x"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := config.Load(row.sources)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v; want it to hold %q", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows a password")
			}
		})
	}
}

func TestEveryFaultIsTold(t *testing.T) {
	_, err := config.Load(config.Sources{Flags: map[string]string{"listen": "x", "lanes": "x"}})
	if err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), "--lanes") {
		t.Errorf("error %v; want both faults", err)
	}
}

func TestEveryRouteThatIsWrongIsTold(t *testing.T) {
	for name, row := range map[string]struct {
		routes string
		want   []string
	}{
		"fields":  {"  - {path: /a, fre: true}\n  - {path: /b}\n  - {path: /c, methods: GET}\n", []string{`:2:16: unknown field "fre"; did you mean "free"?`, `:4:25: give a list, such as [GET]`}},
		"values":  {"  - {path: /a, amounts: {x: -1.5}}\n  - {path: /b, idempotency: maybe}\n", []string{`:2:29: routes amounts.x is "-1.5": give a number from 0 to 9007199254740992, in steps of 0.000000001 at the least`, `:3:29: routes idempotency is "maybe": use true, false or required`}},
		"meaning": {"  - {path: a}\n  - {path: /b/*}\n  - {path: /b/c}\n", []string{`:2:6: routes[0].path is "a": a path starts with "/", such as "/a"`, `:4:6: routes[2].path is "/b/c": routes[1] (/b/*) matches all its requests; put the narrower route first`}},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "ration.yaml", "routes:\n"+row.routes)
			_, err := config.Load(config.Sources{File: path})
			if want := path + strings.Join(row.want, "\n"+path); err == nil || err.Error() != want {
				t.Errorf("got:\n%v\nwant:\n%s", err, want)
			}
		})
	}
}

// TestNoFaultHidesAnother: whoever mends a file learns of everything at once, each with
// its place, and of nothing that only follows from another fault.
func TestNoFaultHidesAnother(t *testing.T) {
	path := write(t, "ration.yaml", `lanes: many
trusted_proxies: [10.0.0.0/8, 10.0.0.0/33, nowhere]
unknown: 1
tls_cert_file: cert.pem
accept_overage: 1
over_settlement: overage
cors_credentials: true
refunds: [503, 200, soon]
routes:
  - &first
    path: /a
    amounts: {tokens: -1.5, Tokens: 1}
    fre: true
    methods: get
  - {path: b, methods: [get, ANY], scope: "a b"}
  - {path: /c, free: true, scope: x, fail_open: true}
  - {<<: *first, pth: /d}
  - {path: /e, reserve: {tll: 1m, ttl: 25h}, settle: {tokens: {jsn: /a}}, refunds: [200, 503]}
  - {path: /f/*}
  - {path: /f/g}
upstream_headers: {"X A": a, X-B: 1}
rewrite: {quota: nothing, /a: remaining, /b: 1}
errors:
  nothing: {status: 200, content_type: json, body: '{'}
  default: {stats: 401}
`)
	_, err := config.Load(config.Sources{
		File: path, Environment: []string{"RATION_LITSEN=x", "RATION_LOG_LEVEL=loud"}, Flags: map[string]string{"listen": "x"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	var places []string
	for line := range strings.Lines(err.Error()) {
		place, _, _ := strings.Cut(strings.ReplaceAll(line, path, "ration.yaml"), ": ")
		places = append(places, place)
	}
	want := []string{
		"RATION_LITSEN", "ration.yaml:3:1", "--listen", "ration.yaml:2:31", "ration.yaml:2:44", "ration.yaml:1:8", "ration.yaml:5:17", "RATION_LOG_LEVEL",
		"ration.yaml:8:16", "ration.yaml:8:21",
		"ration.yaml:11:5", "ration.yaml:12:23", "ration.yaml:13:5", "ration.yaml:14:14",
		"ration.yaml:15:6", "ration.yaml:15:6", "ration.yaml:15:6", "ration.yaml:15:6",
		"ration.yaml:16:6", "ration.yaml:16:6",
		"ration.yaml:17:18", "ration.yaml:17:18",
		"ration.yaml:18:26", "ration.yaml:18:26", "ration.yaml:18:64", "ration.yaml:18:85",
		"ration.yaml:20:6",
		"ration.yaml:21:20", "ration.yaml:21:30",
		"ration.yaml:22:11", "ration.yaml:22:18", "ration.yaml:22:46",
		"ration.yaml:24:3", "ration.yaml:24:3", "ration.yaml:24:3", "ration.yaml:25:3", "ration.yaml:25:13",
		"ration.yaml:7:19", "ration.yaml:4:16",
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("places (-want +got):\n%s\nof\n%s", diff, err)
	}
}

func TestPasswordInFlagIsNoted(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@h/d", "postgres://h/d?password=hunter2"} {
		got, err := config.Load(config.Sources{Flags: map[string]string{"db": url}})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"--db contains a password, which other users can see in the list of processes; use RATION_DB instead"}
		if diff := cmp.Diff(want, got.Notes); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
	}
}

func TestEverySettingIsDescribed(t *testing.T) {
	seen := make(map[string]bool)
	for _, setting := range append(config.Settings(), config.FileSettings()...) {
		if setting.Doc == "" || setting.Form == "" || seen[setting.Name] {
			t.Errorf("setting %q: documented %q, form %q, seen before: %v", setting.Name, setting.Doc, setting.Form, seen[setting.Name])
		}
		seen[setting.Name] = true
	}
}
