package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// formDuration is the form of settings that are a time with its unit.
const formDuration = "duration"

// formAddress is the form of settings that are an address to listen at.
const formAddress = "host:port"

// formNumber is the form of settings that are a whole number, not negative.
const formNumber = "whole number"

// overSettlement is the name of the setting that needs another one.
const overSettlement = "over_settlement"

// usagePath is the name of the setting that no route may contradict.
const usagePath = "usage_path"

// keyRequests is the name of the setting that lets people ask for keys.
const keyRequests = "key_requests"

// keyRequestsPath is the name of another one.
const keyRequestsPath = "key_requests_path"

// portalPath is the name of the setting that neither a route nor usage_path may contradict.
const portalPath = "portal_path"

// The setting that needs none of another one, and its value that does.
const (
	preflights         = "preflights"
	preflightsUpstream = "upstream"
)

// gone says of settings that there were what to write in their place.
var gone = map[string]string{
	"charge_preflights": "no longer exists: what true meant is the default now; for false set cors_origins to the origins of your pages, " +
		"and the proxy answers preflights itself, or preflights: upstream, if the API answers them",
}

// Gone returns what to write instead of a setting that earlier releases had, or "".
func Gone(name string) string { return gone[name] }

// settings is the table, in the order of the reference.
var settings = slices.Concat(listenerSettings, consoleSettings, serviceSettings, holderSettings, routeSettings)

// listenerSettings say what a process works on, and where it listens.
var listenerSettings = []setting{
	{
		Setting: Setting{"db", "sqlite:PATH or postgres://…", "sqlite:./ration.db", "The database of keys, plans and usage."},
		kind:    text,
		set:     into(func(c *Config) *Database { return &c.DB }, ParseDatabase),
		masked:  hasPassword,
	},
	{
		Setting: Setting{serverSetting, "URL", "", "The admin API that commands ask instead of a database, such as https://ration.example.com:8082. HTTP without TLS is only for this machine. A server itself takes no notice of it."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Server.URL }, ParseServer),
	},
	{
		Setting: Setting{tokenFile, "path", "", "A file with the service token that commands send to server. Only its owner may be able to read it. RATION_ADMIN_TOKEN can hold the token itself."},
		kind:    text,
		set:     readTokenFile,
	},
	{
		Setting: Setting{"ca_file", "path", "", "A PEM file with the certificates that the certificate of server must lead to. Empty: those of the system."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Server.CAFile }, parseFile),
	},
	{
		Setting: Setting{acceptPlainServer, "true or false", "false", "Lets commands speak HTTP without TLS with a server on another machine. Whoever can read what is sent then has the token."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.Server.AcceptPlain }, parseBool),
	},
	{
		Setting: Setting{"profile", "name", "", "The server that commands ask, by the name that `ration config profiles add` gave it."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Profile }, ParseProfileName),
	},
	{
		Setting: Setting{"listen", formAddress, "127.0.0.1:8080", "The address at which the proxy listens."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Listen }, parseAddress),
	},
	{
		Setting: Setting{"api_listen", formAddress, "127.0.0.1:8081", "The address of the verify API and the health checks."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.APIListen }, parseAddress),
	},
	{
		Setting: Setting{adminListen, formAddress + ", or off", DefaultAdminListen, "The address of the admin API. If another machine could reach it, it needs TLS. off: no admin API. If nothing sets it and another program has the default address, Ration serves without an admin API and says so."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.AdminListen }, parseOptionalAddress),
	},
	{
		Setting: Setting{"envoy_listen", formAddress + ", or off", "off", "The address at which Envoy asks over gRPC, such as 127.0.0.1:8083: its rate limit service and its external authorization."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.EnvoyListen }, parseOptionalAddress),
	},
	{
		Setting: Setting{metricsListen, "api, off or " + formAddress, MetricsOnAPI, "Where Prometheus finds /metrics. api: at the address of the verify API, to anybody who can reach that. An address: at a listener of their own, which speaks HTTP without TLS. off: nowhere, and nothing is measured. Metrics have no key, name or path, but they tell how much is asked and refused."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.MetricsListen }, parseMetricsAddress),
	},
}

// serviceSettings say how requests are taken, decided and kept.
var serviceSettings = []setting{
	{
		Setting: Setting{tlsCertFile, "path", "", "A PEM file with the proxy's TLS certificate and the certificates that lead to its root. The proxy then speaks only HTTPS (TLS 1.2 or later, HTTP/1.1). It uses a renewed file within 5 seconds. Empty: no TLS."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.TLS.Cert }, parseFile),
	},
	{
		Setting: Setting{tlsKeyFile, "path", "", "A PEM file with the private key of tls_cert_file. It must not be encrypted, and others must not be able to read it."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.TLS.Key }, parseFile),
	},
	{
		Setting: Setting{apiTLSCertFile, "path", "", "The same for the verify API, health and readiness. It may be the proxy's file."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.APITLS.Cert }, parseFile),
	},
	{
		Setting: Setting{apiTLSKeyFile, "path", "", "A file with the private key of api_tls_cert_file."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.APITLS.Key }, parseFile),
	},
	{
		Setting: Setting{adminTLSCertFile, "path", "", "The same for the admin API. It may be the proxy's file."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.AdminTLS.Cert }, parseFile),
	},
	{
		Setting: Setting{adminTLSKeyFile, "path", "", "A file with the private key of admin_tls_cert_file."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.AdminTLS.Key }, parseFile),
	},
	{
		Setting: Setting{envoyTLSCertFile, "path", "", "The same for envoy_listen. It may be the proxy's file."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.EnvoyTLS.Cert }, parseFile),
	},
	{
		Setting: Setting{envoyTLSKeyFile, "path", "", "A file with the private key of envoy_tls_cert_file."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.EnvoyTLS.Key }, parseFile),
	},
	{
		Setting: Setting{acceptPlainAdmin, "true or false", "false", "Lets the admin API speak HTTP without TLS to other machines. Whoever can read what is sent then has its tokens, and can make keys."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.AcceptPlainAdmin }, parseBool),
	},
	{
		Setting: Setting{"upstream", "URL", "", "The API behind the proxy, which the other settings call the upstream. Empty: no proxy."},
		kind:    text,
		set:     into(func(c *Config) **url.URL { return &c.Upstream }, parseUpstream),
	},
	{
		Setting: Setting{"upstream_timeout", formDuration, "10m", "How long the upstream may take to begin its answer."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.UpstreamTimeout }, time.Millisecond, 24*time.Hour),
	},
	{
		Setting: Setting{"upstream_in_flight", formNumber, "1024", "How many requests the upstream gets at once, including open streams. Routes that need no key get at most half of them. 0: no limit."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.UpstreamCapacity.InFlight }),
	},
	{
		Setting: Setting{"upstream_queue", formNumber, "1024", "How many more requests wait until others have ended. The keys take turns, and a request is charged when its turn comes. Beyond that: 503 upstream_busy. 0: none wait."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.UpstreamCapacity.Waiting }),
	},
	{
		Setting: Setting{"upstream_queue_wait", formDuration, "5s", "How long a request waits in that queue at most. After that: 503 upstream_busy."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.UpstreamCapacity.Wait }, time.Millisecond, 10*time.Minute),
	},
	{
		Setting: Setting{"upstream_websockets", formNumber, "1024", "How many WebSockets may be open at once. An open one no longer counts towards upstream_in_flight. 0: no limit."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.UpstreamCapacity.WebSockets }),
	},
	{
		Setting: Setting{"trusted_proxies", "CIDR list", "", `Proxies in front of Ration. It believes their X-Forwarded-* and other headers that say who calls and from where; "any" believes everybody.`},
		kind:    list,
		set:     into(func(c *Config) *[]netip.Prefix { return &c.TrustedProxies }, parseProxies),
	},
	{
		Setting: Setting{"forward_auth", "on, token or off", "on", "Who may ask /v1/forward-auth and /v1/ext-authz/ at api_listen. on: gateways in trusted_proxies. token: those that also send a service token of scope verify in X-Ration-Token. off: nobody."},
		kind:    text,
		set:     choice(func(c *Config) *string { return &c.ForwardAuth }, "on", "token", "off"),
	},
	{
		Setting: Setting{"max_connections", formNumber, "8192", "How many client connections the proxy has open at once. It is never more than the process has descriptors for, with one to the upstream for each. 0: as many as that."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.Clients.Connections }),
	},
	{
		Setting: Setting{"max_connections_per_address", formNumber, "256", "How many of these one address may have; with IPv6, one /64 network. Loopback addresses and trusted_proxies are exempt. 0: no limit."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.Clients.ConnectionsPerAddress }),
	},
	{
		Setting: Setting{"new_connections", formNumber, "10000", "How many connections may begin each second. 0: no limit."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.Clients.New }),
	},
	{
		Setting: Setting{"new_connections_per_address", formNumber, "200", "How many of these may come from one address, and five times as many at once. Loopback addresses and trusted_proxies are exempt. 0: no limit."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.Clients.NewPerAddress }),
	},
	{
		Setting: Setting{"min_rate", formNumber, "500", "How many bytes a second a client must send while Ration waits for its body, or read while an answer waits for it. A connection on which there is nothing to send may be silent. 0: no minimum."},
		kind:    integer,
		set:     count(func(c *Config) *int { return &c.Clients.MinRate }),
	},
	{
		Setting: Setting{"min_rate_grace", formDuration, "20s", "How long a client may be slower than min_rate, in total, before its connection ends."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.Clients.MinRateGrace }, time.Second, time.Hour),
	},
	{
		Setting: Setting{"pass_headers", "header names", "", "Headers that every client may send to the API although usually a proxy in front sets them, such as X-User-Id. Use it only if the API itself checks them."},
		kind:    list,
		set:     into(func(c *Config) *[]string { return &c.PassHeaders }, parseHeaderNames),
	},
	{
		Setting: Setting{"headers", "draft10, legacy, both or off", "draft10", "Which RateLimit headers answers carry: draft10 tells of every limit, legacy of the tightest."},
		kind:    text,
		set:     choice(func(c *Config) *string { return &c.Headers }, "draft10", "legacy", "both", "off"),
	},
	{
		Setting: Setting{"key_header", "header name", "X-API-Key", "The header that carries the secret of a key."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.KeyHeader }, parseFieldName),
	},
	{
		Setting: Setting{"key_bearer", "true or false", "true", `Whether "Authorization: Bearer" carries a secret too.`},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.KeyBearer }, parseBool),
	},
	{
		Setting: Setting{"key_basic", "true or false", "true", `Whether "Authorization: Basic" carries a secret too.`},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.KeyBasic }, parseBool),
	},
	{
		Setting: Setting{"key_query_parameter", "parameter name", "", "Also accepts a secret in this parameter of the URL. URLs end up in logs and browser histories. Empty: never."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.KeyQueryParameter }, parseParameter),
	},
	{
		Setting: Setting{"secret_prefix", "text", ration.DefaultSecretPrefix, "How new secrets begin. Secrets with another prefix keep working."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.SecretPrefix }, parseSecretPrefix),
	},
	{
		Setting: Setting{pepperFile, "path", "", "A file with the pepper: a secret that goes into every stored digest. With another pepper, or without it, Ration recognises no secret. RATION_PEPPER can hold the pepper itself."},
		kind:    text,
		set:     into(func(c *Config) *[]byte { return &c.Pepper }, readPepper),
	},
	{
		Setting: Setting{bootstrapTokenFile, "path", "", "A file with the first service token of scope admin, as `ration tokens generate` prints one. The server makes this token, named bootstrap, when it starts, unless a token of that scope was ever made; then it ignores the setting. RATION_BOOTSTRAP_TOKEN can hold the token itself."},
		kind:    text,
		set:     into(func(c *Config) *ration.Secret { return &c.BootstrapToken }, readBootstrapToken),
	},
	{
		Setting: Setting{"unknown_secrets_burst", formNumber, "20", "How many unknown secrets Ration looks up at once for one client address (with IPv6, one /64 network). After that, a secret that it has not seen yet gets 429 key_unchecked. 0: no limit."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.Unknown.Burst }, parseBound),
	},
	{
		Setting: Setting{"unknown_secrets_per_second", formNumber, "1", "How many more unknown secrets it looks up each second. 0: no limit."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.Unknown.PerSecond }, parseBound),
	},
	{
		Setting: Setting{"unknown_secrets_in_all", formNumber, "200", "How many unknown secrets it looks up each second for all addresses together, and five times as many at once. 0: no limit."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.Unknown.InAll }, parseBound),
	},
	{
		Setting: Setting{"lanes", formNumber, "0", "How many transactions decide at the same time. 0: as many as suit the database."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.Lanes }, func(value string) (int, error) { return parseInteger(value, 0, 64) }),
	},
	{
		Setting: Setting{"request_log_days", formNumber, "0", "How many days to keep the request log, which proves the counts: it has one entry for each event that changes them. 0: write no log."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.RequestLogDays }, func(value string) (int, error) { return parseInteger(value, 0, 3660) }),
	},
	{
		Setting: Setting{"usage_hours_days", formNumber, "90", "How many days to keep usage by UTC hour, of which reports in one time zone are made. 0: keep them for ever."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.UsageHoursDays }, func(value string) (int, error) { return parseInteger(value, 0, 36500) }),
	},
	{
		Setting: Setting{"history_days", formNumber, "1100", "How many days to keep usage by day, and traffic, at least 100. A day is kept longer while a reservation may still be settled to it or the request log has entries of it. Lifetime counts are kept for ever. 0: keep days for ever."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.HistoryDays }, parseHistoryDays),
	},
	{
		Setting: Setting{"audit_log_days", formNumber, "1100", "How many days to keep the audit log. 0: for ever."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.AuditLogDays }, func(value string) (int, error) { return parseInteger(value, 0, 36500) }),
	},
	{
		Setting: Setting{"events_days", formNumber, "30", "How many days to keep events, and what became of them at webhooks: at least 4, because attempts to send one go on for 3 days. 0: for ever."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.EventsDays }, parseEventsDays),
	},
	{
		Setting: Setting{"limit_thresholds", "percents with commas", "80,100", `At which percentages of a limit an event tells that a key has used so much, each once in a period. "none": at none.`},
		kind:    list,
		set:     into(func(c *Config) *[]int { return &c.LimitThresholds }, parseThresholds),
	},
	{
		Setting: Setting{"webhook_private_addresses", "CIDR list", "", "Addresses that webhooks may have although they are not public, and that may be reached without TLS, such as 10.1.2.0/24."},
		kind:    list,
		set:     into(func(c *Config) *[]netip.Prefix { return &c.WebhookPrivate }, parsePrivate),
	},
	{
		Setting: Setting{"accept_unsafe_durability", "true or false", "false", "Accepts a database that may forget what it has confirmed. This gives up the promise that no charge is lost."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.AcceptUnsafeDurability }, parseBool),
	},
	{
		Setting: Setting{"accept_overage", "true or false", "false", "Lets settlements count more than was reserved, even beyond a limit. This gives up the promise that a key is never over its limit."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.AcceptOverage }, parseBool),
	},
	{
		Setting: Setting{overSettlement, "refuse, clamp or overage", "refuse", "What to do if a reservation is settled with more than it reserved, and the call does not say: refuse it, clamp it to the reserved amount, or count the overage. overage needs accept_overage. On routes that reserve, refuse means clamp."},
		kind:    text,
		set:     into(func(c *Config) *ration.Overage { return &c.OverSettlement }, parseOver),
	},
	{
		Setting: Setting{"lease", formDuration, "30s", "How long a request or WebSocket in flight keeps its slot of a concurrent limit (such as 5 at once) if the instance that serves it dies. A living instance renews the lease after a third of that time."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.Lease }, time.Second, time.Hour),
	},
	{
		Setting: Setting{"shutdown_grace", formDuration, "30s", "How long running requests may take to finish when the server stops."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.ShutdownGrace }, time.Second, 24*time.Hour),
	},
	{
		Setting: Setting{"shutdown_delay", formDuration, "0s", "How long the server goes on serving, but reports that it is not ready, before it stops. This gives load balancers time to notice."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.ShutdownDelay }, 0, time.Hour),
	},
	{
		Setting: Setting{"wait_for_database", formDuration, "1m", "How long `ration serve` waits, not ready, if PostgreSQL is away when it starts. After that it exits with code 4. 0: it does not wait."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.WaitForDatabase }, 0, 24*time.Hour),
	},
	{
		Setting: Setting{"log_format", "text or json", "text", "The format of the log."},
		kind:    text,
		set:     choice(func(c *Config) *string { return &c.LogFormat }, "text", "json"),
	},
	{
		Setting: Setting{"log_level", "debug, info, warn or error", "info", "The least important message that is logged."},
		kind:    text,
		set:     into(func(c *Config) *slog.Level { return &c.LogLevel }, parseLevel),
	},
	{
		Setting: Setting{"access_log", "off, stdout or stderr", "off", "Where to write one line for each answer, whatever log_level is: its request_id, route, key id, code, limit, status and client address, and how long it took. It never has a secret, a path or a query. log_format is its format too."},
		kind:    text,
		set:     choice(func(c *Config) *string { return &c.AccessLog }, "off", "stdout", "stderr"),
	},
	{
		Setting: Setting{"refuse_unmatched", "true or false", "false", "Answers 404 if no route matches. Otherwise such a request needs a key and costs one request."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.Routes.RefuseUnmatched }, parseBool),
	},
	{
		Setting: Setting{"allow_ambiguous_paths", "true or false", "false", "Passes on paths that no route matches and that two programs may read differently, such as with an encoded slash. Also passes on requests whose query or body names another path (rest_route)."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.Routes.AllowAmbiguous }, parseBool),
	},
	{
		Setting: Setting{"allow_method_overrides", "true or false", "false", "Passes on requests that name another method than their own, in X-HTTP-Method-Override, or as _method in the query, a form or JSON. They cost what their own method costs, whatever the API does. Otherwise they get 400; only forms of pages on free routes pass, if no route treats methods differently."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.AllowMethodOverrides }, parseBool),
	},
	{
		Setting: Setting{"cors_origins", "origin list", "", `Origins whose web pages may call, such as https://app.example.com, or "*" alone for all. The proxy then answers CORS preflights itself, uncounted, and lets pages read answers, its own refusals too; what the upstream says about origins is dropped. A preflight is the request by which a browser asks for permission. Empty: a preflight needs a key like any other request, but browsers send no key with it.`},
		kind:    list,
		set:     into(func(c *Config) *[]string { return &c.CORS.Origins }, parseOrigins),
	},
	{
		Setting: Setting{"cors_credentials", "true or false", "false", "Lets the pages of cors_origins also send their visitors' cookies. Keys in headers don't need this."},
		kind:    boolean,
		set:     into(func(c *Config) *bool { return &c.CORS.Credentials }, parseBool),
	},
	{
		Setting: Setting{preflights, "charge or upstream", "charge", "What happens to CORS preflights without cors_origins. charge: they are requests like any other. upstream: the upstream answers them, without a key, uncounted and without their body, on routes that match and if no route for the path has a scope. An upstream that takes a preflight for a request then does its work for nothing."},
		kind:    text,
		set:     choice(func(c *Config) *string { return &c.Preflights }, "charge", preflightsUpstream),
	},
	{
		Setting: Setting{"preflight_rate", "whole number", "10", "With preflights: upstream, how many preflights of one client address reach the upstream each second."},
		kind:    integer,
		set:     into(func(c *Config) *int { return &c.PreflightRate }, func(value string) (int, error) { return parseInteger(value, 1, 10_000) }),
	},
}

// routeSettings say what becomes of requests by their paths, and of the answers.
var routeSettings = []setting{
	{
		Setting: Setting{"refunds", "outcome list", "unreachable, 502, 503, 504", "The outcomes after which a charge is given back: unreachable (the upstream could not be reached), timeout, or statuses of answers. Empty: never."},
		kind:    words,
		set:     into(func(c *Config) *rationhttp.Refunds { return &c.Routes.Refunds }, parseRefunds),
	},
	{
		Setting: Setting{Name: "routes", Form: "list", Doc: "What requests cost and need, by method and path. The first route that matches applies."},
		decode:  decodeRoutes,
	},
	{
		Setting: Setting{Name: "upstream_headers", Form: "header: value", Doc: "Headers that every request to the upstream carries, such as a password between Ration and the API."},
		decode:  decodeUpstreamHeaders,
		masked:  func(string) bool { return true }, // one that is none can't be told
	},
	{
		Setting: Setting{Name: "rewrite", Form: "JSON pointer: field", Doc: `Values that Ration sets in JSON answers, such as "/quota/remaining: remaining". The fields: remaining, used, limit and resets_at of the tightest limit, or of one, as in remaining of requests-day; key_id, key_name, owner and plan. It leaves out free routes and routes with no_rewrite.`},
		decode:  decodeRewrite,
	},
	{
		Setting: Setting{Name: "errors", Form: "code: {status, content_type, body}", Doc: "The bodies of the proxy's own errors, by code, or as default. A body may have ${code}, ${status}, ${title}, ${detail}, ${request_id}, ${retry_after} and the fields of rewrite, such as ${remaining of requests-day}. Otherwise they are problem details (RFC 9457)."},
		decode:  decodeErrors,
	},
}

// into makes a reader of one field.
func into[T any](field func(*Config) *T, parse func(string) (T, error)) func(*Config, string) error {
	return func(c *Config, value string) error {
		parsed, err := parse(value)
		if err == nil {
			*field(c) = parsed
		}
		return err
	}
}

// count reads a number of which 0 has a meaning of its own.
func count(field func(*Config) *int) func(*Config, string) error {
	return into(field, func(value string) (int, error) { return parseInteger(value, 0, mostOfAnything) })
}

func duration(field func(*Config) *time.Duration, least, most time.Duration) func(*Config, string) error {
	return into(field, func(value string) (time.Duration, error) { return parseDuration(value, least, most) })
}

func choice(field func(*Config) *string, choices ...string) func(*Config, string) error {
	return into(field, func(value string) (string, error) { return parseChoice(value, choices...) })
}
