package rationhttp

import (
	"encoding/base64"
	"strings"
)

// Authorized returns the secret in the value of an Authorization field. It returns ""
// if the value has none, or has a scheme that Ration doesn't read.
func (s Sources) Authorized(value string) string {
	_, secret := s.credentials(value)
	return secret
}

// credentials returns the scheme of an Authorization field, spelt as it is registered,
// and the secret; both are empty where the scheme isn't ours to read.
func (s Sources) credentials(value string) (scheme, secret string) {
	scheme, rest, _ := strings.Cut(trimOWS(value), " ")
	switch {
	case !s.NoBearer && strings.EqualFold(scheme, schemeBearer):
		return schemeBearer, trimOWS(rest)
	case !s.NoBasic && strings.EqualFold(scheme, schemeBasic):
		return schemeBasic, basicSecret(trimOWS(rest))
	}
	return "", ""
}

// Schemes of Authorization that carry a secret (RFC 6750, RFC 7617).
const (
	schemeBearer = "Bearer"
	schemeBasic  = "Basic"
)

// schemeKey challenges clients whose key travels in a header of its own. No registered
// scheme says that; this is the one in use.
const schemeKey = "Key"

// takes reports whether the value of an Authorization field has a scheme that carries
// Ration's keys, so that it must not reach an upstream.
func (s Sources) takes(value string) bool {
	scheme, _ := s.credentials(value)
	return scheme != ""
}

// basicSecret returns the password, or the user name if there is no password: clients
// use both forms.
func basicSecret(encoded string) string {
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	user, password, _ := strings.Cut(string(decoded), ":")
	if password != "" {
		return password
	}
	return user
}
