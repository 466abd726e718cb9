package inbound

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// No secret of ours reaches an upstream in the head of a request. A secret is
// what the request presents, and whatever is by prefix and checksum one that we
// made, whoever holds it. It is found as it is, percent-encoded and in base64, in
// names and values alike. Where it can be left out it is: a field, a cookie, a
// parameter of the query. In the path, which can't do without a part, it is
// refused.

// generatedLength is the length of a secret's random digits and its checksum.
const generatedLength = 38

// maxPrefix is the length of the longest prefix that a secret can have, with "_",
// and a kind of its own behind it ("rk_token_").
const maxPrefix = 32

// StripSecret removes the credential and whatever repeats it. On a free route an
// Authorization field is the application's own unless it holds a secret that
// looks like ours.
func (r *Reader) StripSecret(header http.Header, x *Request) {
	sources := x.Sources
	if x.Route.Free {
		header["Authorization"] = slices.DeleteFunc(slices.Clone(header["Authorization"]), func(value string) bool { return r.looksLikeOurs(sources, value) })
		sources.NoBearer, sources.NoBasic = true, true
	}
	sources.StripPlaces(header)
	rationhttp.DropFields(header, r.finder(r.presented(x)))
}

// HeadersToRemove names, in lower case, the headers that a gateway has to take out of a
// request that passes: those that carry its credential, and those by which frameworks let
// a client name another path than the one that was charged.
func (r *Reader) HeadersToRemove(x *Request) []string {
	names := []string{strings.ToLower(x.Sources.KeyHeader())}
	if slices.ContainsFunc(x.In.Header["Authorization"], func(value string) bool {
		return r.looksLikeOurs(x.Sources, value) || !x.Route.Free && x.Sources.Authorized(value) != ""
	}) {
		names = append(names, "authorization")
	}
	for _, name := range append([]string{"X-Original-Uri"}, pathHeaders...) {
		names = append(names, strings.ToLower(name))
	}
	return names
}

// finder returns what finds the given secrets, and those that we made, in a text.
func (r *Reader) finder(presented []string) func(text string) bool {
	least := len(r.config.SecretPrefix) + 1 + generatedLength
	for _, secret := range presented {
		least = min(least, len(secret))
	}
	holds := func(reading string) bool {
		return r.containsGenerated(reading) || slices.ContainsFunc(presented, func(secret string) bool { return rationhttp.Holds(reading, secret) })
	}
	return func(text string) bool { return rationhttp.AnyReading(text, least, holds) }
}

// presented returns the secrets that a request presents: on a free route, which
// asks for none, what the header for keys has.
func (r *Reader) presented(x *Request) (secrets []string) {
	if secret := x.Answer.Credential.Secret.Reveal(); secret != "" {
		secrets = append(secrets, secret)
	}
	if x.Route.Free {
		for _, value := range x.In.Header[http.CanonicalHeaderKey(x.Sources.KeyHeader())] {
			if value = strings.Trim(value, " \t"); value != "" {
				secrets = append(secrets, value)
			}
		}
	}
	return secrets
}

// leastInPath is how long a secret must be for a path to be refused for it: a
// shorter one can be a word of the path's own.
const leastInPath = 16

// checkPath refuses a path that has a secret in it, before anything is charged.
func (r *Reader) checkPath(x *Request) error {
	path, _, _ := strings.Cut(x.In.RequestURI, "?")
	if len(path) <= leastInPath {
		return nil
	}
	if r.holdsGenerated(path) {
		return rationhttp.ErrKeyInURL
	}
	caller := r.CallerOf(x)
	if caller.Err != nil {
		return nil //nolint:nilerr // whoever asks for the key says so
	}
	if secret := caller.Credential.Secret.Reveal(); len(secret) >= leastInPath && rationhttp.Repeats(path, secret) {
		return rationhttp.ErrKeyInURL
	}
	return nil
}

// looksLikeOurs reports whether an Authorization field, of whatever scheme, holds
// what begins like a secret of ours.
func (r *Reader) looksLikeOurs(sources rationhttp.Sources, value string) bool {
	prefix := r.config.SecretPrefix + "_"
	return strings.HasPrefix(sources.Authorized(value), prefix) ||
		slices.ContainsFunc(strings.Fields(value), func(word string) bool { return strings.HasPrefix(word, prefix) })
}

// holdsGenerated reports whether a text holds a secret that we made.
func (r *Reader) holdsGenerated(text string) bool {
	return rationhttp.AnyReading(text, len(r.config.SecretPrefix)+1+generatedLength, r.containsGenerated)
}

// containsGenerated reports whether a text has in it what is by prefix and checksum
// a secret of ours: of a key or, with a longer prefix, a token.
func (r *Reader) containsGenerated(text string) bool {
	prefix := r.config.SecretPrefix + "_"
	for {
		start := strings.Index(text, prefix)
		if start < 0 {
			return false
		}
		text = text[start:]
		for end := len(prefix); end <= maxPrefix && end+generatedLength <= len(text); end++ {
			if text[end-1] == '_' && ration.SecretFromText(text[:end+generatedLength]).Generated() {
				return true
			}
			if c := text[end]; c != '_' && !isAlphanumeric(c) {
				break
			}
		}
		text = text[len(prefix):]
	}
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
