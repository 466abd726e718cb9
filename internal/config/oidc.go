package config

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/redact"
)

// The settings of logins with OpenID Connect that depend on each other.
const (
	oidcIssuer           = "oidc_issuer"
	oidcClientID         = "oidc_client_id"
	oidcClientSecretFile = "oidc_client_secret_file" //nolint:gosec // the name of a setting
	oidcAdminGroups      = "oidc_admin_groups"
	oidcKeysGroups       = "oidc_keys_groups"
	oidcReadGroups       = "oidc_read_groups"
)

// clientSecretVariable holds the client secret itself. It is no flag, which other users
// could see in the list of processes.
const clientSecretVariable = variablePrefix + "OIDC_CLIENT_SECRET"

// OIDC says how people log in to the console by an OpenID provider.
type OIDC struct {
	Issuer                              string // empty: they don't
	ClientID                            string
	Secret                              ration.Secret
	Name                                string // empty: the issuer's host
	Scopes                              []string
	GroupsClaim                         string
	AdminGroups, KeysGroups, ReadGroups []string
}

// parseIssuer reads the name of a provider, which is compared as it is.
func parseIssuer(value string) (string, error) {
	location, err := url.Parse(value)
	switch {
	case value == "":
		return "", nil
	case redact.Holds(value), err != nil || location.User != nil || location.RawQuery != "" || location.ForceQuery || location.Fragment != "":
		return "", invalid("", "use the provider's URL without user name, password, query and fragment, such as https://accounts.example.com")
	case location.Hostname() == "", location.Scheme != "https" && !(location.Scheme == "http" && IsLoopback(location.Hostname())):
		return "", invalid(value, "use an https:// URL, such as https://accounts.example.com; http:// is only for this machine")
	}
	return value, nil
}

func parseClientID(value string) (string, error) {
	if len(value) > 255 || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", invalid("", "use the client id that the provider shows, without spaces")
	}
	return value, nil
}

func parseOIDCName(value string) (string, error) {
	if len(value) > 100 || strings.ContainsFunc(value, unicode.IsControl) {
		return "", invalid("", `use at most 100 characters, such as "Example SSO"`)
	}
	return value, nil
}

func parseClaim(value string) (string, error) {
	if value == "" || len(value) > 255 || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' }) {
		return "", invalid(value, `use the name of a claim, such as "groups"`)
	}
	return value, nil
}

func parseOIDCScopes(value string) ([]string, error) {
	names := splitNames(value)
	if slices.ContainsFunc(names, func(name string) bool {
		return strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
	}) {
		return nil, invalid(value, `use names without spaces, separated by commas, such as "email,groups"`)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "openid" }), nil
}

// parseGroups reads names of groups, which may have any form but that of a list.
func parseGroups(value string) ([]string, error) { return splitNames(value), nil }

func splitNames(value string) (names []string) {
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func readClientSecret(path string) (ration.Secret, error) {
	if path == "" {
		return ration.Secret{}, nil
	}
	text, err := readSecretFile(path)
	if err == nil && len(text) == 0 {
		return ration.Secret{}, invalid(path, "it is empty; put in it the client secret that the provider shows")
	}
	return ration.SecretFromText(string(text)), err
}

// readClientSecretVariable takes the client secret from the environment.
func (c *Config) readClientSecretVariable(text string) []*Error {
	switch {
	case text == "":
		return nil
	case !c.OIDC.Secret.IsZero():
		return []*Error{{clientSecretVariable, "is set, and " + oidcClientSecretFile + " too; use one of the two"}}
	}
	c.OIDC.Secret = ration.SecretFromText(text)
	return nil
}

// checkOIDC refuses a provider without what it needs, and groups without a provider.
func (c *Config) checkOIDC(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	at := func(name, value, reason string) []*Error {
		s := find(name)
		return []*Error{faultOf(s.given(file, environment, sources.Flags)[0], s, invalid(value, reason))}
	}
	o := &c.OIDC
	switch {
	case o.Issuer == "" && len(o.AdminGroups)+len(o.KeysGroups)+len(o.ReadGroups) > 0:
		for name, groups := range map[string][]string{oidcAdminGroups: o.AdminGroups, oidcKeysGroups: o.KeysGroups, oidcReadGroups: o.ReadGroups} {
			if len(groups) > 0 {
				return at(name, strings.Join(groups, ","), "nobody logs in by a provider without "+oidcIssuer+"; set it too")
			}
		}
	case o.Issuer == "":
		return nil
	case o.ClientID == "":
		return at(oidcIssuer, o.Issuer, "it needs "+oidcClientID+", too: the id by which the provider knows Ration")
	case o.Secret.IsZero():
		return at(oidcIssuer, o.Issuer, "it needs "+oidcClientSecretFile+", too, or "+clientSecretVariable+": the secret that the provider has given to Ration")
	case c.ConsoleURL == "":
		return at(oidcIssuer, o.Issuer, "it needs "+consoleURL+", too: the provider sends people back there")
	case c.AdminListen == "":
		return at(oidcIssuer, o.Issuer, "people log in to the console, which "+adminListen+": off leaves out")
	case len(o.AdminGroups)+len(o.KeysGroups)+len(o.ReadGroups) == 0:
		return at(oidcIssuer, o.Issuer, "nobody could do anything: name groups with "+oidcAdminGroups+", "+oidcKeysGroups+" or "+oidcReadGroups)
	}
	return nil
}
