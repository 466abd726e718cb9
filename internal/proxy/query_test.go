package proxy_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

func TestAKeyInTheURLIsRefusedEvenBesideAHeader(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	response := f.get(t, "/ask?api_key="+canary)
	if body := bodyOf(t, response); response.StatusCode != 400 || !strings.Contains(body, "keys_in_url") || strings.Contains(body, canary) {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
	if len(u.received()) != 0 || len(f.charger.charged()) != 0 {
		t.Errorf("%d requests reached the upstream, %d were charged; want none", len(u.received()), len(f.charger.charged()))
	}
}

// TestNoSecretReachesTheUpstreamInAQuery sends secrets where no key is taken.
func TestNoSecretReachesTheUpstreamInAQuery(t *testing.T) {
	ours, token := ration.NewSecret("rk").Reveal(), ration.NewSecret("rk_token").Reveal()
	foreign := ration.NewSecret("sk").Reveal()
	last := "0"
	if strings.HasSuffix(ours, last) {
		last = "1"
	}
	mistyped := ours[:len(ours)-1] + last
	const imported = "an imported secret"
	key := "X-API-Key: " + canary
	for _, row := range []struct{ name, target, header, want string }{
		{"free: usual parameter", "/health?api_key=" + ours + "&a=%20b", "A: b", "/health?a=%20b"},
		{"free: usual parameter, mistyped", "/health?api_key=" + mistyped, "A: b", "/health"},
		{"free: another parameter", "/health?a&key=" + ours + "&b", "A: b", "/health?a&b"},
		{"free: encoded", "/health?key=%72k%5F" + ours[3:], "A: b", "/health"},
		{"free: in a URL", "/health?next=http%3A%2F%2Fh%2F%3Fkey%3D" + ours, "A: b", "/health"},
		{"free: as a name", "/health?" + ours, "A: b", "/health"},
		{"free: token of an administrator", "/health?key=" + token, "A: b", "/health"},
		{"free: repeats the header", "/health?key=an+imported%20secret&a=1", "X-API-Key: " + imported, "/health?a=1"},
		{"free: the application's own", "/health?api_key=x&b=rk_&c=" + foreign + "&d=" + mistyped, "A: b", "/health?api_key=x&b=rk_&c=" + foreign + "&d=" + mistyped},
		{"charged: repeats the header", "/ask?key=" + canary + "&a=1", key, "/ask?a=1"},
		{"charged: another secret", "/ask?a=1&key=" + ours, key, "/ask?a=1"},
		{"charged: the application's own", "/ask?api_key=x&a=1", key, "/ask?api_key=x&a=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			u := newUpstream(t, nil)
			f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/health", Free: true}}})
			if response := f.do(t, "GET", row.target, nil, row.header); response.StatusCode != 200 {
				t.Fatalf("got %d", response.StatusCode)
			}
			if got := u.only(t); got.RequestURI != row.want {
				t.Errorf("upstream got %s, want %s", got.RequestURI, row.want)
			}
		})
	}
}

func TestAPreflightsQueryLosesTheKeyOfTheRequestToCome(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/ask", Methods: []string{"POST"}, KeyQuery: "token"}}}, upstreamAnswers)
	response := f.do(t, "OPTIONS", "/ask?token=imported&a=1", nil, "Origin: https://a.example", "Access-Control-Request-Method: POST")
	if got := u.only(t); response.StatusCode != 200 || got.RequestURI != "/ask?a=1" {
		t.Errorf("got %d, upstream got %s", response.StatusCode, got.RequestURI)
	}
}
