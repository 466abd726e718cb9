package rationhttp_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

func TestTwoKeysAreToldWithTheirPlaces(t *testing.T) {
	query := rationhttp.Sources{Header: "apikey", QueryParameter: "key"}
	const leave = " for the application, whoever runs this API can set "
	for _, row := range []struct {
		name    string
		sources rationhttp.Sources
		target  string
		headers []string
		want    string
	}{
		{
			name: "header and bearer", target: "/", headers: []string{"X-API-Key: k1", "Authorization: Bearer k2"},
			want: "Two different API keys were sent: one in the header X-API-Key, another as Authorization: Bearer. Send only one. If Authorization: Bearer is" + leave + "key_bearer to false.",
		},
		{
			name: "header and basic", target: "/", headers: []string{"X-API-Key: k1", "Authorization: " + basic("u", "p")},
			want: "Two different API keys were sent: one in the header X-API-Key, another as Authorization: Basic. Send only one. If Authorization: Basic is" + leave + "key_basic to false.",
		},
		{
			name: "one header twice", target: "/", headers: []string{"X-API-Key: k1", "X-API-Key: k2"},
			want: "Two different API keys were sent in the header X-API-Key. Send only one.",
		},
		{
			name: "header and URL", sources: query, target: "/?key=k2", headers: []string{"apikey: k1"},
			want: "Two different API keys were sent: one in the header apikey, another in the URL as ?key=. Send only one.",
		},
		{
			name: "the first two of three", sources: query, target: "/?key=k3", headers: []string{"apikey: k1", "apikey: k2"},
			want: "Two different API keys were sent in the header apikey. Send only one.",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", row.target, nil)
			for _, line := range row.headers {
				name, value, _ := strings.Cut(line, ": ")
				r.Header.Add(name, value)
			}
			_, err := row.sources.Find(r)
			responder := rationhttp.Responder{Sources: row.sources}
			if got := problemIn(t, responder.Failed(err, "r")).Detail; got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestRefusalsSayWhereAKeyIsLookedFor(t *testing.T) {
	for _, row := range []struct {
		name              string
		sources           rationhttp.Sources
		detail, challenge string
	}{
		{"default", rationhttp.Sources{}, "Send it in the header X-API-Key or as Authorization: Bearer or Basic.", `Bearer realm="api"`},
		{"bearer left to the application", rationhttp.Sources{NoBearer: true}, "Send it in the header X-API-Key or as Authorization: Basic.", `Key realm="api"`},
		{"basic left to the application", rationhttp.Sources{NoBasic: true}, "Send it in the header X-API-Key or as Authorization: Bearer.", `Bearer realm="api"`},
		{"a header alone", rationhttp.Sources{Header: "apikey", NoBearer: true, NoBasic: true}, "Send it in the header apikey.", `Key realm="api"`},
		{"the URL too", rationhttp.Sources{QueryParameter: "key"}, "Send it in the header X-API-Key, as Authorization: Bearer or Basic or in the URL as ?key=.", `Bearer realm="api"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			responder := rationhttp.Responder{Sources: row.sources}
			missing := responder.Decided(&ration.Decision{Code: ration.CodeKeyMissing}, rationhttp.Echo{})
			if got, want := problemIn(t, missing).Detail, "An API key is needed. "+row.detail; got != want {
				t.Errorf("without a key: %q, want %q", got, want)
			}
			if got := missing.Field("WWW-Authenticate"); got != row.challenge {
				t.Errorf("challenge %q, want %q", got, row.challenge)
			}
			unknown := responder.Decided(&ration.Decision{Code: ration.CodeKeyUnknown}, rationhttp.Echo{})
			if got, want := problemIn(t, unknown).Detail, "The API key is not valid. "+row.detail; got != want {
				t.Errorf("with an unknown key: %q, want %q", got, want)
			}
		})
	}
}
