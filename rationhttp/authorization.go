package rationhttp

import (
	"encoding/base64"
	"strings"
)

// Authorized returns the secret in the value of an Authorization field. It returns ""
// if the value has none, or has a scheme that Ration doesn't read.
func (s Sources) Authorized(value string) string {
	scheme, rest, _ := strings.Cut(trimOWS(value), " ")
	switch {
	case !s.NoBearer && strings.EqualFold(scheme, "bearer"):
		return trimOWS(rest)
	case !s.NoBasic && strings.EqualFold(scheme, "basic"):
		return basicSecret(trimOWS(rest))
	}
	return ""
}

// takes reports whether the value of an Authorization field has a scheme that carries
// Ration's keys, so that it must not reach an upstream.
func (s Sources) takes(value string) bool {
	scheme, _, _ := strings.Cut(trimOWS(value), " ")
	return !s.NoBearer && strings.EqualFold(scheme, "bearer") || !s.NoBasic && strings.EqualFold(scheme, "basic")
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
