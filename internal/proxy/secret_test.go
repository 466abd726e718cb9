package proxy_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

// TestNoSecretReachesTheUpstreamInAHead puts secrets where no key is taken: the one
// that the request presents, and another that we made.
func TestNoSecretReachesTheUpstreamInAHead(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/free/*", Free: true}}})
	other := ration.NewSecret("rk").Reveal()
	token := ration.NewSecret("rk_token").Reveal()
	std, raw := base64.StdEncoding, base64.RawURLEncoding
	for _, secret := range []string{canary, other, token} {
		for name, line := range map[string]string{
			"a cookie":                       "Cookie: a=kept; session=" + secret + "; b=kept",
			"a cookie, encoded":              "Cookie: a=kept; session=" + strings.ReplaceAll(url.QueryEscape(secret), "_", "%5F") + "; b=kept",
			"a cookie in base64":             "Cookie: a=kept; session=" + std.EncodeToString([]byte(secret)) + "; b=kept",
			"a quoted cookie":                `Cookie: a=kept; session="` + secret + `"`,
			"the referer":                    "Referer: https://app.example/?key=" + secret,
			"the referer, encoded twice":     "Referer: https://app.example/?u=" + url.QueryEscape(url.QueryEscape("x?k=é&key="+strings.ReplaceAll(secret, "_", "%5F"))),
			"the referer's path in base64":   "Referer: https://app.example/x/" + raw.EncodeToString([]byte(secret)) + "/y",
			"the origin":                     "Origin: https://" + secret + ".example",
			"the user agent":                 "User-Agent: tool/1 (" + secret + ")",
			"another field":                  "X-Whatever: " + secret,
			"another field, with a stray %":  "X-Whatever: 100% " + strings.ReplaceAll(secret, "_", "%5f"),
			"another field in base64":        "X-Whatever: " + std.EncodeToString([]byte("user:"+secret)),
			"a bearer of another scheme":     "Authorization: Token " + secret,
			"parameters of another scheme":   `Authorization: Digest username="a", password="` + secret + `"`,
			"another scheme in base64":       "Authorization: Custom " + std.EncodeToString([]byte("user:"+secret)),
			"a WebSocket's protocol":         "Sec-WebSocket-Protocol: v1, " + secret,
			"within a word":                  "X-Whatever: a" + secret + "z",
			"a trace":                        "Baggage: key=" + secret,
			"an odd spelling of the header":  "X_API_Key: " + secret,
			"JSON":                           `X-Payload: {"key":"` + secret + `"}`,
			"two fields, one with something": "X-Whatever: kept\r\nX-Whatever: " + secret,
		} {
			for _, path := range []string{"/", "/free/x"} {
				f.raw(t, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\n%s\r\nConnection: close\r\n\r\n", path, canary, line))
				all := u.received()
				got := all[len(all)-1]
				for field, values := range got.Header {
					text := strings.Join(values, "\n")
					for range 3 {
						if strings.Contains(text, secret) || strings.Contains(text, std.EncodeToString([]byte(secret))[:40]) {
							t.Errorf("%s, %s: upstream got %s: %s", name, path, field, values)
						}
						if decoded, err := url.QueryUnescape(text); err == nil {
							text = decoded
						}
					}
				}
				if strings.Contains(line, "kept") && !carries(got.Header, "kept") {
					t.Errorf("%s, %s: what holds no secret is gone too: %v", name, path, got.Header)
				}
			}
		}
	}
}

func TestASecretInThePathIsRefusedUncounted(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/free/*", Free: true}}})
	other := ration.NewSecret("rk").Reveal()
	encoded := base64.RawURLEncoding.EncodeToString([]byte(other))
	for _, path := range []string{"/" + canary, "/bot" + canary + "/x", "/" + other, "/free/" + other, "/free/" + other + "/x", "/free/" + encoded, "/x/" + strings.ReplaceAll(other, "r", "%72")} {
		response := f.get(t, path)
		if body := bodyOf(t, response); response.StatusCode != 400 || strings.Contains(body, canary) || strings.Contains(body, other) {
			t.Errorf("%s: got %d %s", path, response.StatusCode, body)
		}
	}
	if len(u.received()) != 0 || len(f.charger.charged()) != 0 {
		t.Errorf("%d requests reached the upstream, %d were charged; want none", len(u.received()), len(f.charger.charged()))
	}
}

// TestWhatIsNoSecretIsLeftAlone: fields of applications that look a little like one.
func TestWhatIsNoSecretIsLeftAlone(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	mistyped := ration.NewSecret("rk").Reveal()
	mistyped = mistyped[:len(mistyped)-1] + map[bool]string{true: "1", false: "0"}[strings.HasSuffix(mistyped, "0")]
	for _, line := range []string{
		"Cookie: a=1; b=%zz; c=rk_; d=", "Cookie: session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "Referer: https://h/?rk_=1", "Authorization: Token another-credential",
		"X-Payload: " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("an ordinary text ", 20))), "X-Sentence: 100% of what is %41sked", "X-Empty: ", "X-Near: " + mistyped, "X-Foreign: " + ration.NewSecret("sk").Reveal(),
	} {
		f.raw(t, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\n"+line+"\r\nConnection: close\r\n\r\n")
		all := u.received()
		name, value, _ := strings.Cut(line, ": ")
		if got := all[len(all)-1].Header[name]; !slices.Equal(got, []string{value}) {
			t.Errorf("%s: upstream got %q", line, got)
		}
	}
}
