package config

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/redact"
)

// The settings of commands that ask a server.
const (
	serverSetting     = "server"
	tokenFile         = "token_file"
	acceptPlainServer = "accept_plain_server"
)

// tokenVariable holds a service token itself. Programs that ask the admin API by a client
// use it too, so a token_file comes first.
const tokenVariable = variablePrefix + "ADMIN_TOKEN"

// Server says how commands ask a server's admin API.
type Server struct {
	URL         string // without a slash at its end; empty: none is named
	Token       ration.Secret
	TokenFrom   string // the setting or variable that gives the token, and its file; empty: none does
	CAFile      string // empty: the system's roots
	AcceptPlain bool   // HTTP without TLS, even to other machines
}

// Check refuses a server to which a token would go in plain text.
func (s Server) Check() error {
	location, err := url.Parse(s.URL)
	if err != nil {
		return invalid("", "use the URL of the admin API, such as https://ration.example.com:8082")
	}
	if location.Scheme == "https" || IsLoopback(location.Hostname()) || s.AcceptPlain {
		return nil
	}
	return invalid(s.URL, "the token would cross the network in plain text; use https://, or a tunnel to a loopback address; "+acceptPlainServer+": true takes the risk")
}

// ParseServer reads the URL of a server. It may have a path, behind a proxy.
func ParseServer(value string) (string, error) {
	location, err := url.Parse(value)
	switch {
	case value == "":
		return "", nil
	case redact.Holds(value): // whose parts no message may show
		return "", invalid("", serverWithoutUser)
	case isHostPort(value): // which is no URL to url.Parse if the host is an address
		return "", invalid(value, `the scheme is missing; use "`+schemeFor(value)+value+`"`)
	case err != nil || location.User != nil:
		return "", invalid("", serverWithoutUser)
	case location.Scheme != "http" && location.Scheme != "https", location.Hostname() == "":
		return "", invalid(value, "use the URL of the admin API, such as https://ration.example.com:8082")
	case location.RawQuery != "" || location.ForceQuery || location.Fragment != "":
		return "", invalid("", "use a URL without query and fragment") // which may hold a token
	}
	value = strings.TrimRight(value, "/")
	return strings.TrimSuffix(value, "/v1/admin"), nil
}

const serverWithoutUser = "use a URL without user name and password, such as https://ration.example.com:8082; the token belongs in " + tokenFile

// schemeFor returns how a server is most probably asked: without TLS only on this machine.
func schemeFor(hostPort string) string {
	if host, _, err := net.SplitHostPort(hostPort); err == nil && IsLoopback(host) {
		return "http://"
	}
	return "https://"
}

// tokenLike recognises a token in the place of a path, which messages show.
var tokenLike = regexp.MustCompile(`^\s*[A-Za-z0-9]+(_token)?_[A-Za-z0-9]{30,}\s*$`)

// ReadToken reads a service token from a file that only its owner can read.
func ReadToken(path string) (ration.Secret, error) {
	text, err := readSecretFile(path)
	if err != nil && tokenLike.MatchString(path) {
		err = invalid("", "it names a file, and what was given looks like a token itself; put the token into a file that only you can read")
	}
	if err != nil {
		return ration.Secret{}, err
	}
	token, err := ParseToken(string(text))
	if err != nil {
		return ration.Secret{}, invalid(path, "it "+reasonWithoutValue(err))
	}
	return token, nil
}

// ParseToken reads the text of a service token. Its error doesn't show the text.
func ParseToken(text string) (ration.Secret, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return ration.Secret{}, errors.New("is empty; it must hold a service token, as 'ration tokens create' prints one")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return ration.Secret{}, errors.New("holds more than one word; it must hold only a service token, as 'ration tokens create' prints one")
	}
	return ration.SecretFromText(text), nil
}

// readTokenFile reads the token that a setting names.
func readTokenFile(c *Config, path string) error {
	if path == "" {
		return nil
	}
	token, err := ReadToken(path)
	if err == nil {
		c.Server.Token, c.Server.TokenFrom = token, tokenFile+" "+path
	}
	return err
}

// readTokenVariable takes the token from the environment if no file gives one.
func (c *Config) readTokenVariable(text string) []*Error {
	if text == "" || c.Server.TokenFrom != "" || c.Server.URL == "" {
		return nil
	}
	token, err := ParseToken(text)
	if err != nil {
		return []*Error{{tokenVariable, err.Error()}}
	}
	c.Server.Token, c.Server.TokenFrom = token, tokenVariable
	return nil
}

// checkServer refuses a server that is asked without TLS.
func (c *Config) checkServer(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	if c.Server.URL == "" {
		return nil
	}
	err := c.Server.Check()
	if err == nil {
		return nil
	}
	s := find(serverSetting)
	return []*Error{faultOf(s.given(file, environment, sources.Flags)[0], s, err)}
}

// maxProfileName bounds the name of a profile, in bytes.
const maxProfileName = 64

// ParseProfileName reads the name of a profile. Empty: none.
func ParseProfileName(value string) (string, error) {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)
	}
	if len(value) > maxProfileName || strings.ContainsFunc(value, func(r rune) bool { return !plain(r) }) {
		return "", invalid(value, `use at most 64 letters, digits and "-_.", such as "production"`)
	}
	return value, nil
}
