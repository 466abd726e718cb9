package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api"
)

func TestRecipesSayWhatRationSays(t *testing.T) {
	for _, recipe := range recipes {
		t.Run(recipe.name, func(t *testing.T) {
			t.Parallel()
			l := recipe.lay(t, "5/day")
			l.wantAllowed("/ask", 4, "42")
			l.wantAllowed("/text", 3, "forty-two")
			if _, asked, _ := l.gate.seen(); asked.Amounts["tokens"] != "5" || asked.IP != "127.0.0.1" {
				t.Errorf("the app asked for %v from %q, want 5 tokens from 127.0.0.1", asked.Amounts, asked.IP)
			}
			l.wantDenied("/ask", "", http.StatusUnauthorized)
			if l.wantUsed(2); l.getAs("/ask", "Bearer "+l.key.Secret).status != http.StatusOK {
				t.Error("a key sent as Authorization: Bearer, as the challenge asks, is refused")
			}
			l.wantDenied("/ask", l.key.Secret+"x", http.StatusUnauthorized)
			l.wantAllowed("/ask", 1, "42")
			l.wantAllowed("/ask", 0, "42")
			l.wantDenied("/ask", l.key.Secret, http.StatusTooManyRequests)
			if got := l.get("/broken", l.key.Secret); got.status != http.StatusTeapot || got.header.Get("RateLimit") == "" {
				t.Errorf("an endpoint's own error: got %d, RateLimit %q", got.status, got.header.Get("RateLimit"))
			}
			for _, send := range []answer{l.get("/v1/usage", l.key.Secret), l.getAs("/v1/usage", "Bearer "+l.key.Secret)} {
				if send.status != http.StatusOK || !strings.Contains(strings.ReplaceAll(send.body, " ", ""), `"limit":5,"used":5,"reserved":0,"remaining":0`) {
					t.Errorf("usage: got %d %s", send.status, send.body)
				}
			}
			for _, secret := range []string{"", l.key.Secret + "x", l.key.Secret + "ü"} {
				if got := l.get("/v1/usage", secret); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "key_") || got.header.Get("WWW-Authenticate") == "" {
					t.Errorf("usage with the key %q: got %d %s", secret, got.status, got.body)
				}
			}
			l.wantUsed(5)
			l.wantNothingTold()
		})
	}
}

// wantAllowed wants the endpoint's own answer, with Ration's fields.
func (l *table) wantAllowed(path string, remaining int, body string) {
	l.t.Helper()
	got := l.get(path, l.key.Secret)
	_, _, said := l.gate.seen()
	if got.status != http.StatusOK || !said.Allowed || !strings.Contains(got.body, body) {
		l.t.Errorf("%s: got %d %s", path, got.status, got.body)
	}
	if r := fmt.Sprintf(";r=%d;", remaining); !strings.Contains(got.header.Get("RateLimit"), r) {
		l.t.Errorf("%s: RateLimit is %q, want %q in it", path, got.header.Get("RateLimit"), r)
	}
	l.wantFields(got, said.Response)
}

// wantDenied wants Ration's answer, word for word.
func (l *table) wantDenied(path, secret string, status int) {
	l.t.Helper()
	got := l.get(path, secret)
	_, _, said := l.gate.seen()
	if said.Allowed || got.status != status || got.status != said.Response.Status || got.body != said.Response.Body || got.body == "" {
		l.t.Errorf("%s: got %d %q, Ration said %+v", path, got.status, got.body, said.Response)
	}
	if retry := got.header.Get("Retry-After"); (retry != "") != (status == http.StatusTooManyRequests) {
		l.t.Errorf("%s: Retry-After of a %d is %q", path, status, retry)
	}
	l.wantFields(got, said.Response)
}

func (l *table) wantFields(got answer, said api.ClientResponse) {
	l.t.Helper()
	if len(said.Headers) == 0 {
		l.t.Error("Ration gave no headers")
	}
	for name, want := range said.Headers {
		if value := got.header.Values(name); len(value) != 1 || value[0] != want {
			l.t.Errorf("%s is %q, Ration said %q", name, value, want)
		}
	}
}
