package portal_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostile is a name that would run if a page did not escape it.
const hostile = `<script>alert(1)</script>"><img src=x onerror=alert(2)>`

// desk is a portal on a fixture.
type desk struct {
	*testing.T
	*rationtest.Fixture
	pages *portal.Portal
	log   *strings.Builder
}

func open(t *testing.T, changes ...func(*portal.Config)) *desk {
	t.Helper()
	d := &desk{T: t, Fixture: rationtest.New(t, rationtest.Options{}), log: new(strings.Builder)}
	gate := rationhttp.Gate{Charger: d.Engine, TrustedProxies: mustTrust(t, "10.0.0.0/8")}
	config := portal.Config{
		Path: "/portal", Brand: portal.Brand{Name: "Acme", Color: "#ffe600"}, Gate: gate, UsageURL: "/v1/usage",
		Usage: rationhttp.NewUsage(d.Engine, d.Operations(), rationhttp.WithGate(gate)),
		Log:   slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&config)
	}
	d.pages = portal.New(config)
	return d
}

func mustTrust(t *testing.T, ranges ...string) rationhttp.TrustedProxies {
	t.Helper()
	proxies, err := rationhttp.ParseTrustedProxies(ranges)
	if err != nil {
		t.Fatal(err)
	}
	return proxies
}

// answer is what a browser gets.
type answer struct {
	*http.Response
	text string
}

func (d *desk) serve(r *http.Request) answer {
	d.Helper()
	w := httptest.NewRecorder()
	d.pages.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		d.Fatal(err)
	}
	got := answer{w.Result(), string(body)}
	d.checkPage(r, got)
	return got
}

func (d *desk) get(path string) answer {
	return d.serve(httptest.NewRequestWithContext(d.Context(), "GET", path, nil))
}

// send posts a form as a page of the portal does.
func (d *desk) send(path string, form url.Values, changes ...func(*http.Request)) answer {
	r := httptest.NewRequestWithContext(d.Context(), "POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, change := range changes {
		change(r)
	}
	return d.serve(r)
}

func secretForm(secret ration.Secret) url.Values {
	return url.Values{"secret": {secret.Reveal()}}
}

// inline finds what a strict policy would block.
var inline = regexp.MustCompile(`(?i)<[^>]*\s(style|on[a-z]+)\s*=|<style|<script(?:\s[^>]*)?>[^<]|javascript:|(?:src|href|action)="[a-z+.-]*:?//`)

// brandLink leads to the operator's own site.
var brandLink = regexp.MustCompile(`<a class="brand"[^>]*>`)

// checkPage checks what holds for every answer: its headers, and of a page that nothing is
// inline and that it loads nothing from elsewhere.
func (d *desk) checkPage(r *http.Request, got answer) {
	d.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got.Header.Get(name) != want {
			d.Errorf("%s %s: %s is %q, want %q", r.Method, r.URL, name, got.Header.Get(name), want)
		}
	}
	if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		return
	}
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	if csp := got.Header.Get("Content-Security-Policy"); csp != policy || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Set-Cookie") != "" {
		d.Errorf("%s %s: headers %v", r.Method, r.URL, got.Header)
	}
	if found := inline.FindString(brandLink.ReplaceAllString(got.text, "")); found != "" {
		d.Errorf("%s %s: %q is in the page", r.Method, r.URL, found)
	}
	if len(got.text) > 50_000 {
		d.Errorf("%s %s: the page has %d bytes", r.Method, r.URL, len(got.text))
	}
}

func (a answer) wants(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d: %s", a.StatusCode, status, a.text)
	}
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			t.Errorf("%q is not in the page:\n%s", text, a.text)
		}
	}
}

func TestHolderSeesWhatRemains(t *testing.T) {
	d := open(t)
	d.Plan("pro", "1000/day", "10/second burst 20", "5 at once", "2000 tokens/lifetime")
	key := d.Key(rationtest.Key{Name: hostile, Owner: "owner-hidden", Plan: "pro", TimeZone: "Europe/Berlin", ExpiresAt: d.Now().Add(10 * 24 * time.Hour)})
	other := d.Key(rationtest.Key{Name: "another"})
	for range 3 {
		if _, err := d.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret, Amounts: []ration.Amount{{Meter: "requests", Units: 5}, {Meter: "tokens", Units: 40}}}); err != nil {
			t.Fatal(err)
		}
	}
	hold, err := d.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret, Amounts: []ration.Amount{{Meter: "tokens", Units: 1000}}, Hold: &ration.Hold{}})
	if err != nil || !hold.Allowed() {
		t.Fatal(hold.Code, err)
	}

	d.get("/portal").wants(t, 200, `id="secret"`, `type="password"`, `method="post"`)
	got := d.send("/portal", secretForm(key.Secret))
	got.wants(t, 200,
		"&lt;script&gt;alert(1)&lt;/script&gt;", key.ID.String(), `<bdi>pro</bdi>`, "in 10 days", "soon", "Europe/Berlin",
		"1,000 requests per day", "Resets in 10 hours", `Thu 16 Jul 2026, 00:00</time> <span class="zone">Europe/Berlin</span>`,
		"2,000 tokens in total", `120 of 2,000 used, 1,000 reserved`, "Does not reset",
		"5 requests at once", `id="chart-requests"`, `id="chart-tokens"`, "Wed 15 Jul: 120 used",
		"curl -s http://example.com/v1/usage", "X-API-Key: $API_KEY")
	for _, hidden := range []string{key.Secret.Reveal(), "owner-hidden", other.ID.String(), "<script>alert", "<img src=x"} {
		if strings.Contains(got.text, hidden) {
			t.Errorf("%q is in the page", hidden)
		}
	}
	if strings.Contains(got.text, `id="rotate"`) {
		t.Error("the page offers what is off")
	}
}

func TestFreshKeyIsToldWhatWillBeThere(t *testing.T) {
	d := open(t)
	d.send("/portal", secretForm(d.Key(rationtest.Key{}).Secret)).wants(t, 200, `id="no-limits"`, `id="no-history"`, "No calls yet", "never")
}

func TestAskingCountsNothing(t *testing.T) {
	d := open(t)
	key := d.Key(rationtest.Key{Limits: []string{"1/day", "1/minute", "1 at once"}})
	for range 5 {
		d.send("/portal", secretForm(key.Secret)).wants(t, 200)
	}
	decision, err := d.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret})
	if err != nil || !decision.Allowed() {
		t.Fatal(decision.Code, err)
	}
	d.send("/portal", secretForm(key.Secret)).wants(t, 200, "used up", "None of your calls were refused")
}

func TestRefusalsAreSaidInThePage(t *testing.T) {
	d := open(t)
	expired := d.Key(rationtest.Key{ExpiresAt: d.Now().Add(time.Hour)})
	d.Advance(time.Hour)
	disabled, revoked := d.Key(rationtest.Key{}), d.Key(rationtest.Key{})
	elsewhere := d.Key(rationtest.Key{AllowedIPs: mustTrust(t, "203.0.113.0/24")})
	d.Disable(disabled.ID)
	d.Revoke(revoked.ID)
	for name, row := range map[string]struct {
		secret string
		status int
		want   string
	}{
		"none":                 {"", 401, "Paste your key first"},
		"spaces":               {" \n ", 401, "Paste your key first"},
		"unknown":              {"rk_nothinglikethis", 401, "This key is not known"},
		"too long":             {strings.Repeat("x", 5000), 401, "This key is not known"},
		"markup":               {hostile, 401, "This key is not known"},
		"expired":              {expired.Secret.Reveal(), 401, "This key has expired"},
		"disabled":             {disabled.Secret.Reveal(), 401, "This key is disabled"},
		"revoked":              {revoked.Secret.Reveal(), 401, "This key was revoked"},
		"from another address": {elsewhere.Secret.Reveal(), 403, "Not from this address"},
	} {
		got := d.send("/portal", url.Values{"secret": {row.secret}})
		if got.wants(t, row.status, row.want, `role="alert"`, `id="secret"`); len(row.secret) > 3 && strings.Contains(got.text, row.secret) {
			t.Errorf("%s: the secret is in the page", name)
		}
		if (row.status == 401) != (got.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: headers %v", name, got.Header)
		}
	}
	key := d.Key(rationtest.Key{})
	d.BreakStore()
	if got := d.send("/portal", secretForm(key.Secret)); got.Header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After: %v", got.Header)
	} else {
		got.wants(t, 503, "Not available right now")
	}
}

func TestUnknownSecretsOfOneAddressAreBounded(t *testing.T) {
	d := open(t)
	for range 100 {
		if got := d.send("/portal", secretForm(ration.SecretFromText("imported-"+ration.NewSecretID().String()))); got.StatusCode == 429 {
			got.wants(t, 429, "Too many unknown keys")
			return
		}
	}
	t.Error("100 unknown secrets were looked up")
}

func TestSecretsAreTakenFromTheBodyAlone(t *testing.T) {
	d := open(t)
	secret := d.Key(rationtest.Key{Name: "mine"}).Secret.Reveal()
	for name, r := range map[string]*http.Request{
		"query":          httptest.NewRequestWithContext(t.Context(), "POST", "/portal?secret="+secret, strings.NewReader("")),
		"header":         httptest.NewRequestWithContext(t.Context(), "POST", "/portal", strings.NewReader("")),
		"query of a GET": httptest.NewRequestWithContext(t.Context(), "GET", "/portal?secret="+secret, nil),
	} {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-API-Key", secret)
		if got := d.serve(r); strings.Contains(got.text, "mine") || strings.Contains(got.text, secret) {
			t.Errorf("%s: %s", name, got.text)
		}
	}
	d.send("/portal", url.Values{"secret": {"Bearer " + secret + "\n"}}).wants(t, 200, "mine")
}

func TestForms(t *testing.T) {
	d := open(t)
	form := secretForm(d.Key(rationtest.Key{Name: "mine"}).Secret)
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, row := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"from another site":       {set("Sec-Fetch-Site", "cross-site"), 403},
		"from a sister site":      {set("Sec-Fetch-Site", "same-site"), 403},
		"by an old browser":       {func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "https://evil.example") }, 403},
		"by an old browser, ours": {func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "http://example.com") }, 200},
		"by curl":                 {func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, 200},
		"as JSON":                 {set("Content-Type", "application/json"), 415},
		"as text":                 {set("Content-Type", "text/plain"), 415},
		"without a type":          {func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		"with a character set":    {set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), 200},
		"too large":               {func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("a=" + strings.Repeat("x", 20_000))) }, 413},
		"broken":                  {func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("secret=%zz")) }, 400},
	} {
		if got := d.send("/portal", form, row.change); got.StatusCode != row.status {
			t.Errorf("%s: %d, want %d", name, got.StatusCode, row.status)
		}
	}
}

func TestPathsAndMethods(t *testing.T) {
	d := open(t)
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/portal", 200},
		{"HEAD", "/portal", 200},
		{"GET", "/portal/", 200},
		{"GET", "/portal/rotate", 303},
		{"PUT", "/portal", 405},
		{"DELETE", "/portal/rotate", 405},
		{"OPTIONS", "/portal", 405},
		{"GET", "/portal/nothing", 404},
		{"GET", "/portal//", 404},
		{"GET", "/portal/assets/", 404},
		{"GET", "/portal/assets/../portal.go", 404},
		{"GET", "/portal/assets/portal.css", 404},
	} {
		got := d.serve(httptest.NewRequestWithContext(t.Context(), row.method, row.path, nil))
		if got.StatusCode != row.status || (row.status == 405) != (got.Header.Get("Allow") != "") {
			t.Errorf("%s %s: %d %v", row.method, row.path, got.StatusCode, got.Header)
		}
	}
	for path, want := range map[string]bool{"/portal": true, "/portal/x": true, "/portals": false, "/Portal": false, "/%70ortal": false, "/a/portal": false, "//portal": false} {
		if got := d.pages.Serves(httptest.NewRequestWithContext(t.Context(), "GET", path, nil)); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestPagesAreSmall loads a page with all that it names, at its largest.
func TestPagesAreSmall(t *testing.T) {
	d := open(t, func(c *portal.Config) { c.Rotate = new(noRotation) })
	d.Plan("pro", "1000000/day", "1000000/month", "1000000 tokens/month", "1000000 images/month", "1000000 words/month", "10000/second burst 20000", "5000 at once")
	key := d.Key(rationtest.Key{Name: strings.Repeat("<", 100), Plan: "pro"})
	for range 30 {
		for _, meter := range []string{"tokens", "images", "words", "lines"} {
			if _, err := d.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret, Amounts: []ration.Amount{{Meter: meter, Units: 12_345}}}); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret, Scope: "other", Amounts: []ration.Amount{{Meter: meter, Units: 12_345}}}); err != nil {
				t.Fatal(err)
			}
		}
		d.Advance(24 * time.Hour)
	}
	got := d.send("/portal", secretForm(key.Secret))
	total := len(got.text)
	loaded := regexp.MustCompile(`(?:href|src)="(/portal/assets/[^"]+)"`).FindAllStringSubmatch(got.text, -1)
	if len(loaded) != 2 {
		t.Fatalf("it loads %v", loaded)
	}
	for _, one := range loaded {
		asset := d.get(one[1])
		if asset.StatusCode != 200 || !strings.Contains(asset.Header.Get("Cache-Control"), "immutable") || strings.Contains(asset.text, "http:") || strings.Contains(asset.text, "https:") {
			t.Errorf("%s: %d %v", one[1], asset.StatusCode, asset.Header)
		}
		total += len(asset.text)
	}
	if total > 100_000-portal.MaxLogo {
		t.Errorf("the page has %d bytes, and the logo may have %d", total, portal.MaxLogo)
	}
	t.Log(total, "bytes")
}

type noRotation struct{}

func (noRotation) RotateHeld(context.Context, ration.Secret, time.Duration) (admin.IssuedSecret, error) {
	return admin.IssuedSecret{}, ration.ErrStoreUnavailable
}

func TestOriginOfExamples(t *testing.T) {
	for name, row := range map[string]struct {
		url, host string
		change    func(*http.Request)
		want      string
	}{
		"as asked":   {"", "api.test:8080", nil, "http://api.test:8080/v1/usage"},
		"public URL": {"https://api.acme.test/x/portal", "10.0.0.1", nil, "https://api.acme.test/v1/usage"},
		"behind a proxy": {"", "10.0.0.1", func(r *http.Request) {
			r.RemoteAddr = "10.1.1.1:1"
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Forwarded-Host", "api.acme.test")
		}, "https://api.acme.test/v1/usage"},
		"somebody says so":   {"", "api.test", func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "evil.test") }, "http://api.test/v1/usage"},
		"a line for a shell": {"", "a$(touch x)", nil, "http://api.example.com/v1/usage"},
	} {
		d := open(t, func(c *portal.Config) { c.URL = row.url })
		got := d.send("/portal", secretForm(d.Key(rationtest.Key{}).Secret), func(r *http.Request) {
			if r.Host = row.host; row.change != nil {
				row.change(r)
			}
		})
		if !strings.Contains(got.text, "curl -s "+row.want+" ") {
			t.Errorf("%s: %s is not in %s", name, row.want, got.text)
		}
	}
}

// TestAFormThatDoesNotArriveIsNotWaitedFor: the connection ends with the answer, since
// what is still to come would be read without an end.
func TestAFormThatDoesNotArriveIsNotWaitedFor(t *testing.T) {
	d := open(t)
	server := httptest.NewServer(d.pages)
	defer server.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	portal.SetFormTime(t, 50*time.Millisecond)
	_, err = fmt.Fprint(conn, "POST /portal HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ncode=a")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn) // until the server closes it
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
		t.Errorf("%.100s, %v", answer, err)
	}
}
