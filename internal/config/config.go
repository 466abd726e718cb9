package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
)

// Config has all settings, checked. The table of settings says what each means.
type Config struct {
	DB                     Database
	Server                 Server
	Profile                string // empty: none is named
	Target                 Target // what commands work on
	Listen                 string
	APIListen              string
	AdminListen            string // empty: no admin API
	AdminListenByDefault   bool   // nothing set AdminListen
	EnvoyListen            string // empty: Envoy can't ask over gRPC
	MetricsListen          string // MetricsOnAPI: where the verify API is; empty: there are none
	ConsoleURL             string // without a slash at its end; empty: not set
	OIDC                   OIDC
	TLS                    certfile.Files // for the proxy's listener; zero: no TLS
	APITLS                 certfile.Files // for the verify API's listener; zero: no TLS
	AdminTLS               certfile.Files // for the admin API's listener; zero: no TLS
	EnvoyTLS               certfile.Files // for Envoy's listener; zero: no TLS
	AcceptPlainAdmin       bool
	Upstream               *url.URL // nil: no proxy
	UpstreamTimeout        time.Duration
	UpstreamCapacity       Capacity
	Routes                 route.Config
	AllowMethodOverrides   bool
	CORS                   cors.Policy
	Preflights             string // charge or upstream
	PreflightRate          int
	ForwardAuth            string // on, token or off
	UsagePath              string // empty: off
	UsageURL               string // empty: the path
	Portal                 Portal
	KeyRequests            KeyRequests
	UpstreamHeaders        map[string]string // values are secrets: never log them
	Rewrite                *rewrite.Body     // nil: nothing
	Errors                 *rewrite.Errors   // nil: errors keep Ration's form
	TrustedProxies         []netip.Prefix
	Clients                Clients
	PassHeaders            []string // names of headers that reach the upstream from every client
	Headers                string   // draft10, legacy, both or off
	KeyHeader              string
	KeyBearer              bool
	KeyBasic               bool
	KeyQueryParameter      string // empty: keys are not taken from URLs
	SecretPrefix           string
	Pepper                 []byte        // empty: none
	BootstrapToken         ration.Secret // zero: none
	Unknown                ration.UnknownSecrets
	Lanes                  int            // 0: as many as the database can use
	RequestLogDays         int            // 0: no request log
	UsageHoursDays         int            // 0: usage by hour is kept for ever
	HistoryDays            int            // 0: usage by day is kept for ever; else at least 100
	AuditLogDays           int            // 0: the audit log is kept for ever
	EventsDays             int            // 0: events are kept for ever
	LimitThresholds        []int          // percents of limits that are told, from the lowest on; not nil
	WebhookPrivate         []netip.Prefix // that webhooks may be in although they are not public
	AcceptUnsafeDurability bool
	AcceptOverage          bool
	OverSettlement         ration.Overage // overage only with AcceptOverage
	Lease                  time.Duration
	ShutdownGrace          time.Duration
	ShutdownDelay          time.Duration
	WaitForDatabase        time.Duration // how long serve waits for a database that is away; 0: not at all
	LogFormat              string        // text or json
	LogLevel               slog.Level
	AccessLog              string // off, stdout or stderr

	// File is the configuration file that was read; empty: none was given.
	File string
	// FileSecrets names the settings whose values in the file are secrets, even if
	// another source overrides them.
	FileSecrets []string
	// Notes tell the operator about the sources of settings, such as a setting that
	// two sources give. They hold no secret.
	Notes []string
}

// Clients bounds the connections and the time that clients can take up. 0 means no
// bound.
type Clients struct {
	Connections           int // open at once
	ConnectionsPerAddress int
	New                   int // connections begun each second
	NewPerAddress         int
	MinRate               int // bytes a second
	MinRateGrace          time.Duration
}

// Capacity bounds how many requests the upstream gets at once. See the table of
// settings.
type Capacity struct {
	InFlight   int // 0: any number
	Waiting    int // 0: nobody waits
	Wait       time.Duration
	WebSockets int // 0: any number
}

// Database says where keys, plans and usage are kept. Exactly one field is set.
type Database struct {
	Path string // of an SQLite file
	URL  string // of a PostgreSQL database; may hold a password
}

// Sources says where settings come from.
type Sources struct {
	File        string            // path of a YAML file; empty: none
	Environment []string          // "NAME=value"; only names that start with RATION_ count
	Flags       map[string]string // setting name → value, of the flags that were given
	Fixed       map[string]string // setting name → value, whatever the other sources say

	// Checks are further checks of settings, by name, by packages that use them. Nil:
	// there are none.
	Checks map[string]func(*Config) error
}

// fileVariable names the configuration file in the environment. It can't be set in
// the file.
const fileVariable = variablePrefix + "CONFIG"

// Load reads, merges and checks all settings. Its error joins all faults. Each is an
// [Error], and says where the fault is.
func Load(sources Sources) (Config, error) {
	environment, faults := readEnvironment(sources.Environment)
	if sources.File == "" {
		sources.File = environment.file
	}
	file, fileFaults := readFile(sources.File)
	faults = append(faults, fileFaults...)
	config := Config{File: sources.File, FileSecrets: secretsIn(file)}
	wrong := make(map[string]bool) // settings with a fault of their own
	for i := range settings {
		found := config.apply(&settings[i], file, environment.values, sources)
		wrong[settings[i].Name] = found != nil
		faults = append(faults, found...)
	}
	faults = append(faults, config.readBootstrapVariable(environment.bootstrap, sources)...)
	faults = append(faults, config.readTokenVariable(environment.token)...)
	faults = append(faults, config.readClientSecretVariable(environment.clientSecret)...)
	faults = append(faults, config.readPepperVariable(environment.pepper)...)
	for _, check := range checks {
		if !slices.ContainsFunc(check.of, func(name string) bool { return wrong[name] }) {
			faults = append(faults, check.run(&config, file, environment.values, sources)...)
		}
	}
	if err := join(faults); err != nil {
		return Config{}, err
	}
	config.settleRoutes()
	config.KeyRequests.ByDefault = find(keyRequests).given(file, environment.values, sources.Flags)[0].where == defaultWhere
	config.Portal.ByDefault = find(portalPath).given(file, environment.values, sources.Flags)[0].where == defaultWhere
	config.AdminListenByDefault = find(adminListen).given(file, environment.values, sources.Flags)[0].where == defaultWhere
	return config, nil
}

// checks compare settings with each other, if none of them is wrong by itself.
var checks = []struct {
	of  []string // their names
	run func(c *Config, file map[string]fileValue, environment map[string]string, sources Sources) []*Error
}{
	{[]string{overSettlement, "accept_overage"}, (*Config).checkOverage},
	{[]string{"cors_origins", "cors_credentials", preflights}, (*Config).checkCORS},
	{[]string{usagePath, "routes"}, (*Config).checkUsagePath},
	{[]string{portalPath, usagePath, "routes"}, (*Config).checkPortalPath},
	{[]string{keyRequestsPath, portalPath, usagePath, "routes"}, (*Config).checkKeyRequestsPath},
	{[]string{tlsCertFile, tlsKeyFile, apiTLSCertFile, apiTLSKeyFile, adminTLSCertFile, adminTLSKeyFile}, (*Config).checkTLS},
	{[]string{adminListen, adminTLSCertFile, acceptPlainAdmin}, (*Config).checkAdminListen},
	{[]string{oidcIssuer, oidcClientID, oidcClientSecretFile, oidcAdminGroups, oidcKeysGroups, oidcReadGroups, consoleURL, adminListen}, (*Config).checkOIDC},
	{[]string{serverSetting, acceptPlainServer}, (*Config).checkServer},
	{targets, (*Config).settleTarget},
}

// settleRoutes gives routes that reserve the server's way to settle.
func (c *Config) settleRoutes() {
	for i := range c.Routes.Routes {
		if reserve := c.Routes.Routes[i].Reserve; reserve != nil {
			reserve.Overage = c.OverSettlement
		}
	}
}

// checkOverage refuses a default for settlements that gives up a promise, unless the
// operator has given it up explicitly.
func (c *Config) checkOverage(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	if c.OverSettlement != ration.OverageAllow || c.AcceptOverage {
		return nil
	}
	s := find(overSettlement)
	counts := s.given(file, environment, sources.Flags)[0]
	return []*Error{faultOf(counts, s, invalid(string(c.OverSettlement), "it needs accept_overage: true, which gives up the promise that a key is never over its limit"))}
}

// checkCORS refuses settings for web pages that contradict each other.
func (c *Config) checkCORS(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	at := func(name string, err error) []*Error {
		s := find(name)
		return []*Error{faultOf(s.given(file, environment, sources.Flags)[0], s, err)}
	}
	if err := c.CORS.Check(); err != nil {
		if fault, ok := errors.AsType[*ration.InvalidError](err); ok && fault.Field == "credentials" {
			return at("cors_credentials", err)
		}
		return at("cors_origins", err)
	}
	if c.CORS.Speaks() && c.Preflights == preflightsUpstream {
		return at(preflights, invalid(c.Preflights, "with cors_origins the proxy answers preflights itself; leave one of the two out"))
	}
	return nil
}

// given is one source's value of a setting.
type given struct {
	where   string
	set     func(*Config) error
	whereOf func(error) string // where an error is; nil: where the value is
}

// apply sets one setting from the last source that gives it. It also checks values
// that are overridden, because they would cause surprise once the other one is gone.
func (c *Config) apply(s *setting, file map[string]fileValue, environment map[string]string, sources Sources) (faults []*Error) {
	all := s.given(file, environment, sources.Flags)
	if value, ok := sources.Fixed[s.Name]; ok {
		all = []given{{where: s.Name, set: func(target *Config) error { return s.set(target, value) }}}
	}
	if value, ok := sources.Flags[s.Name]; ok && s.secret(value) {
		c.Notes = append(c.Notes, s.Flag()+" contains a password, which other users can see in the list of processes; use "+s.Variable()+" instead")
	}
	target := c
	for i, one := range all {
		err := one.set(target)
		if check := sources.Checks[s.Name]; check != nil && err == nil {
			err = check(target)
		}
		for _, part := range partsOf(err) {
			faults = append(faults, faultOf(one, s, part))
		}
		if i > 0 {
			c.Notes = append(c.Notes, s.Name+" is given twice: "+all[0].where+" counts, "+one.where+" does not")
		}
		target = new(Config) // what comes after the first is only checked
	}
	return faults
}

// defaultWhere is where a value is that nobody gave.
const defaultWhere = "default"

// given returns the values of a setting, the one that counts first.
func (s *setting) given(file map[string]fileValue, environment, flags map[string]string) []given {
	var all []given
	text := func(where, value string) {
		all = append(all, given{where: where, set: func(target *Config) error { return s.set(target, value) }})
	}
	if value, ok := flags[s.Name]; ok {
		text(s.Flag(), value)
	}
	if value, ok := environment[s.Name]; ok {
		text(s.Variable(), value)
	}
	if value, ok := file[s.Name]; ok {
		set := func(target *Config) error { return s.setFromFile(target, value) }
		all = append(all, given{value.where(), set, value.whereOf})
	}
	if len(all) == 0 && s.set != nil {
		text(defaultWhere, s.Default)
	}
	return all
}
