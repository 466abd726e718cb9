package rationhttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ration-dev/ration"
)

// DefaultKeyHeader carries the secret unless another header is set.
const DefaultKeyHeader = "X-API-Key"

// usualQueryParameter is where clients put a key in a URL if nobody told them
// that we take none there.
const usualQueryParameter = "api_key"

// Errors of [Sources.Find]. Both are the client's fault: status 400.
var (
	// ErrConflictingKeys: two different keys were presented (RFC 6750, section 2:
	// one method per request).
	ErrConflictingKeys error = &ration.Error{Code: CodeInvalidRequest, Message: "two different keys were presented"}
	// ErrKeyInURL: the key came in the query, where it isn't taken, even if it came
	// in a header too.
	ErrKeyInURL error = &ration.Error{Code: CodeKeysInURL, Message: "the key was sent in the URL"}
)

// Sources says where a client's secret may travel. All places are looked at;
// the same secret in several is fine. The zero value takes X-API-Key and the
// Authorization schemes Bearer and Basic.
//
// Of Basic credentials the password is the secret, or the user name if the
// password is empty.
type Sources struct {
	Header         string // empty: [DefaultKeyHeader]
	NoBearer       bool   // leaves "Authorization: Bearer" to the application
	NoBasic        bool   // leaves "Authorization: Basic" to the application
	QueryParameter string // takes the secret from the URL, which ends up in logs and histories; empty: off
}

// Credential is the secret that a request presented.
type Credential struct {
	Secret  ration.Secret // zero: none
	InQuery bool          // it came in the URL, so that nothing may store the answer
}

// Find returns what the request presented; the zero Credential if nothing. It
// reads the request as it came in, before any proxy's hop-by-hop removal. Its
// errors are [ErrConflictingKeys] and [ErrKeyInURL].
func (s Sources) Find(r *http.Request) (Credential, error) {
	var found finding
	for _, value := range r.Header[http.CanonicalHeaderKey(s.KeyHeader())] {
		found.add(trimOWS(value), false)
	}
	for _, value := range r.Header["Authorization"] {
		found.add(s.Authorized(value), false)
	}
	if r.URL.RawQuery != "" {
		if err := s.findInQuery(r.URL.RawQuery, &found); err != nil {
			return Credential{}, err
		}
	}
	if found.conflict {
		return Credential{}, ErrConflictingKeys
	}
	return Credential{Secret: ration.SecretFromText(found.text), InQuery: found.inQuery}, nil
}

// Vary returns the request headers on which answers depend, for the field of
// that name.
func (s Sources) Vary() string {
	if s.NoBearer && s.NoBasic {
		return s.KeyHeader()
	}
	return s.KeyHeader() + ", Authorization"
}

// KeyHeader returns the name of the header that carries the secret.
func (s Sources) KeyHeader() string {
	if s.Header == "" {
		return DefaultKeyHeader
	}
	return s.Header
}

// KeyParameter returns the name of the query parameter that carries the secret
// or, where the query is not looked at, in which clients put it all the same.
func (s Sources) KeyParameter() string {
	if s.QueryParameter == "" {
		return usualQueryParameter
	}
	return s.QueryParameter
}

func (s Sources) findInQuery(rawQuery string, found *finding) error {
	parameter := s.KeyParameter()
	for piece := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(piece, "=")
		if !isParameter(name, parameter) {
			continue
		}
		text, err := url.QueryUnescape(value)
		if err != nil {
			text = value // a key that nobody has
		}
		if s.QueryParameter != "" {
			found.add(text, true)
		} else if value != "" && (found.text == "" || text == found.text || value == found.text) {
			return ErrKeyInURL
		}
	}
	return nil
}

// finding gathers what all places hold.
type finding struct {
	text     string
	inQuery  bool
	conflict bool
}

func (f *finding) add(text string, inQuery bool) {
	if text == "" {
		return
	}
	f.conflict = f.conflict || f.text != "" && f.text != text
	f.text = text
	f.inQuery = f.inQuery || inQuery
}

// isParameter compares a query parameter's name, which may be percent-encoded.
func isParameter(raw, name string) bool {
	if raw == name {
		return true
	}
	if !strings.ContainsAny(raw, "%+") {
		return false
	}
	text, err := url.QueryUnescape(raw)
	return err == nil && text == name
}

// trimOWS trims what RFC 9110 calls optional white space, and no more.
func trimOWS(text string) string { return strings.Trim(text, " \t") }
