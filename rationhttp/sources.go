package rationhttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ration-dev/ration"
)

// DefaultKeyHeader is the header that carries the secret, unless another one is set.
const DefaultKeyHeader = "X-API-Key"

// usualQueryParameter is where clients put a key in a URL if nobody told them that
// Ration takes none there.
const usualQueryParameter = "api_key"

// Errors of [Sources.Find]. Both are the client's fault and get status 400.
var (
	// ErrConflictingKeys says that the client presented two different keys (RFC 6750,
	// section 2, allows one method per request).
	ErrConflictingKeys error = &ration.Error{Code: CodeInvalidRequest, Message: "two different keys were presented"}
	// ErrKeyInURL says that the key came in the query, where it isn't taken. A key
	// that came in a header too is no exception.
	ErrKeyInURL error = &ration.Error{Code: CodeKeysInURL, Message: "the key was sent in the URL"}
)

// Sources says where in a request a client may send its secret. All places are looked
// at, and the same secret may be in several of them. The zero value takes the secret
// from X-API-Key and from the Authorization schemes Bearer and Basic.
//
// In Basic credentials, the password is the secret; if it is empty, the user name is.
type Sources struct {
	Header         string // empty: [DefaultKeyHeader]
	NoBearer       bool   // leaves "Authorization: Bearer" to the application
	NoBasic        bool   // leaves "Authorization: Basic" to the application
	QueryParameter string // the parameter of the URL that may carry the secret; URLs end up in logs and histories. Empty: none
}

// Credential is the secret that a request presented, and where it was.
type Credential struct {
	Secret  ration.Secret // zero: none
	InQuery bool          // it came in the URL, so no cache may store the answer
}

// Find returns the credential that the request presented, and the zero Credential if
// there is none. It needs the request as it came in, before a proxy removes
// hop-by-hop fields. Its errors are [ErrConflictingKeys] and [ErrKeyInURL].
func (s Sources) Find(r *http.Request) (Credential, error) {
	var found finding
	for _, value := range r.Header[http.CanonicalHeaderKey(s.KeyHeader())] {
		found.add(s.Secret(value), place{header: s.KeyHeader()})
	}
	for _, value := range r.Header["Authorization"] {
		scheme, secret := s.credentials(value)
		found.add(secret, place{scheme: scheme})
	}
	if r.URL.RawQuery != "" {
		if err := s.findInQuery(r.URL.RawQuery, &found); err != nil {
			return Credential{}, err
		}
	}
	if found.conflict != nil {
		return Credential{}, found.conflict
	}
	return Credential{Secret: ration.SecretFromText(found.text), InQuery: found.inQuery}, nil
}

// Secret returns the secret in what a client sent as its key: the value itself
// without spaces and tabs around it or, where a client wrote it as it would write an
// Authorization field ("Bearer rk_…"), what [Sources.Authorized] returns. Empty: none.
func (s Sources) Secret(value string) string {
	value = trimOWS(value)
	if scheme, secret := s.credentials(value); scheme != "" {
		return secret
	}
	return value
}

// Vary returns the names of the request headers on which answers depend, for the Vary
// field.
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

// KeyParameter returns the name of the query parameter that carries the secret. If
// Ration takes none from the query, it is the parameter in which clients put one
// nevertheless.
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
			text = value // such a text is never a valid key
		}
		if s.QueryParameter != "" {
			found.add(text, place{parameter: parameter})
		} else if value != "" && (found.text == "" || text == found.text || value == found.text) {
			return ErrKeyInURL
		}
	}
	return nil
}

// finding collects the secrets from all places.
type finding struct {
	text     string
	place    place // of text
	inQuery  bool
	conflict *conflictingKeys // the first one; nil: none
}

func (f *finding) add(text string, from place) {
	if text == "" {
		return
	}
	if f.text != "" && f.text != text && f.conflict == nil {
		f.conflict = &conflictingKeys{first: f.place, second: from}
	}
	f.text, f.place = text, from
	f.inQuery = f.inQuery || from.parameter != ""
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
