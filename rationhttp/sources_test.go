package rationhttp_test

import (
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration/rationhttp"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestSourcesFindTheSecret(t *testing.T) {
	query := rationhttp.Sources{QueryParameter: "api_key"}
	for _, row := range []struct {
		name    string
		sources rationhttp.Sources
		target  string
		headers []string // "Name: value"
		want    string
		inQuery bool
		err     error
	}{
		{name: "nothing", want: ""},
		{name: "X-API-Key", headers: []string{"X-API-Key: k1"}, want: "k1"},
		{name: "key header in any case", headers: []string{"x-api-KEY: k1"}, want: "k1"},
		{name: "white space around is trimmed", headers: []string{"X-API-Key:  \t k1 \t "}, want: "k1"},
		{name: "only optional white space is trimmed", headers: []string{"X-API-Key: \u00a0k1"}, want: "\u00a0k1"},
		{name: "empty key header is none", headers: []string{"X-API-Key: "}, want: ""},
		{name: "bearer", headers: []string{"Authorization: Bearer k1"}, want: "k1"},
		{name: "scheme in any case", headers: []string{"Authorization: bEaReR k1"}, want: "k1"},
		{name: "several spaces after the scheme", headers: []string{"Authorization: Bearer   k1"}, want: "k1"},
		{name: "bearer without a token", headers: []string{"Authorization: Bearer"}, want: ""},
		{name: "basic, password", headers: []string{"Authorization: " + basic("any", "k1")}, want: "k1"},
		{name: "basic, user with an empty password", headers: []string{"Authorization: " + basic("k1", "")}, want: "k1"},
		{name: "basic, password with a colon", headers: []string{"Authorization: " + basic("any", "k:1")}, want: "k:1"},
		{name: "basic that is no base64", headers: []string{"Authorization: Basic !!"}, want: ""},
		{name: "basic without anything", headers: []string{"Authorization: Basic"}, want: ""},
		{name: "another scheme is not ours", headers: []string{"Authorization: Digest k1"}, want: ""},
		{name: "bearer left to the application", sources: rationhttp.Sources{NoBearer: true}, headers: []string{"Authorization: Bearer jwt", "X-API-Key: k1"}, want: "k1"},
		{name: "basic left to the application", sources: rationhttp.Sources{NoBasic: true}, headers: []string{"Authorization: " + basic("u", "p"), "X-API-Key: k1"}, want: "k1"},
		{name: "a header of one's own", sources: rationhttp.Sources{Header: "apikey"}, headers: []string{"apikey: k1", "X-API-Key: other"}, want: "k1"},

		{name: "key header written like Authorization", headers: []string{"X-API-Key: Bearer k1"}, want: "k1"},
		{name: "key header with Basic", headers: []string{"X-API-Key: " + basic("any", "k1")}, want: "k1"},
		{name: "key header and Authorization that agree but for the scheme", headers: []string{"X-API-Key: bearer  k1", "Authorization: Bearer k1"}, want: "k1"},
		{name: "key header with a scheme that is left to the application", sources: rationhttp.Sources{NoBearer: true}, headers: []string{"X-API-Key: Bearer k1"}, want: "Bearer k1"},
		{name: "key header with a scheme alone", headers: []string{"X-API-Key: Bearer"}, want: ""},
		{name: "secret that begins like a scheme", headers: []string{"X-API-Key: bearer_k1"}, want: "bearer_k1"},

		{name: "the same key twice", headers: []string{"X-API-Key: k1", "X-API-Key: k1", "Authorization: Bearer k1"}, want: "k1"},
		{name: "two keys in one header", headers: []string{"X-API-Key: k1", "X-API-Key: k2"}, err: rationhttp.ErrConflictingKeys},
		{name: "two keys in two places", headers: []string{"X-API-Key: k1", "Authorization: Bearer k2"}, err: rationhttp.ErrConflictingKeys},
		{name: "two Authorization fields", headers: []string{"Authorization: Bearer k1", "Authorization: Bearer k2"}, err: rationhttp.ErrConflictingKeys},

		{name: "query is off", target: "/?api_key=k1", err: rationhttp.ErrKeyInURL},
		{name: "query is off, encoded name", target: "/?api%5Fkey=k1", err: rationhttp.ErrKeyInURL},
		{name: "query is off and not needed", target: "/?api_key=k1", headers: []string{"X-API-Key: k2"}, want: "k2"},
		{name: "query is off and repeats the header", target: "/?api_key=k1", headers: []string{"X-API-Key: k1"}, err: rationhttp.ErrKeyInURL},
		{name: "query is off and repeats the header, encoded", target: "/?a=1&api%5Fkey=k%31", headers: []string{"Authorization: Bearer k1"}, err: rationhttp.ErrKeyInURL},
		{name: "query is off and repeats the header, not encoded", target: "/?api_key=k+1", headers: []string{"X-API-Key: k+1"}, err: rationhttp.ErrKeyInURL},
		{name: "query is on", sources: query, target: "/?a=1&api_key=k%311&b=2", want: "k11", inQuery: true},
		{name: "query is on, encoded name", sources: query, target: "/?api%5Fkey=k1", want: "k1", inQuery: true},
		{name: "query and header agree", sources: query, target: "/?api_key=k1", headers: []string{"X-API-Key: k1"}, want: "k1", inQuery: true},
		{name: "query and header disagree", sources: query, target: "/?api_key=k1", headers: []string{"X-API-Key: k2"}, err: rationhttp.ErrConflictingKeys},
		{name: "two keys in the query", sources: query, target: "/?api_key=k1&api_key=k2", err: rationhttp.ErrConflictingKeys},
		{name: "query is on, malformed", sources: query, target: "/?api_key=%zz", want: "%zz", inQuery: true},
		{name: "query is on, empty", sources: query, target: "/?api_key=", want: ""},
		{name: "query is off, empty", target: "/?api_key", want: ""},
		{name: "another parameter", sources: query, target: "/?my_api_key=k1", want: ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			target := row.target
			if target == "" {
				target = "/"
			}
			r := httptest.NewRequest("GET", target, nil)
			for _, line := range row.headers {
				name, value, _ := strings.Cut(line, ": ")
				r.Header.Add(name, value)
			}
			found, err := row.sources.Find(r)
			if !errors.Is(err, row.err) || found.Secret.Reveal() != row.want || found.InQuery != row.inQuery {
				t.Errorf("got %q, in query %t, error %v; want %q, %t, %v", found.Secret.Reveal(), found.InQuery, err, row.want, row.inQuery, row.err)
			}
		})
	}
}
