package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/ration-dev/ration/test/harness"
)

// hostile is a name that a page must show as it is: it would run if a page forgot to
// escape it, and has no place where a line can break.
const hostile = `<script>document.title="run"</script>Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft`

// site is a rig with something on every page.
type site struct {
	*rig
	session string // of somebody who may do everything
	key     harness.Key
	aged    harness.Key // whose secret is old enough to be replaced by its holder
	asked   string      // the id of a key that somebody asked for
	pickup  string      // the code of a link that a key is picked up with
	job     string      // the id of one
	webhook string      // likewise; some of its deliveries are dead
}

// in returns the site for a part of the test.
func (s *site) in(t *testing.T) *site {
	rig, site := *s.rig, *s
	rig.t, site.rig = t, &rig
	return &site
}

// newSite fills the pages: with a plan, keys of all kinds, usage, and refusals.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{rig: newRig(t)}
	s.session = s.beginSession(s.newToken("console", "admin"))
	s.webhook = s.newWebhook("https://hooks.invalid/" + hostile)
	s.cli("plans", "create", "small", "--limit", "3/day", "--limit", "100000 tokens/month", "--limit", "20/second burst 40")
	s.cli("plans", "create", "large", "--limit", "100000/day", "--time-zone", "Europe/Berlin")
	s.key = s.newKey(hostile, "--owner", hostile, "--plan", "small", "--scope", "read", "--limit", "5/day", "--allow-ip", "127.0.0.0/8")
	for _, name := range []string{"Ada", "Grace", "Edsger"} {
		s.newKey(name, "--owner", "acme", "--plan", "large")
	}
	s.cli("keys", "disable", s.newKey("Linus").ID)
	s.cli("keys", "revoke", s.newKey("Tim", "--plan", "small").ID, "--yes")
	s.wantCalls(s.key.Secret, harness.Admitted, harness.Admitted, harness.Admitted, harness.Admitted, harness.Admitted, harness.Denied)
	s.cli("tokens", "create", "gateway", "--scope", "read", "--owner", hostile, "--plan", "small")
	s.asked = s.ask(hostile)
	s.aged = s.newKey("Barbara", "--plan", "small")
	s.age()
	s.pickup = strings.TrimSpace(s.cli("keys", "create", hostile, "--plan", "small", "--pickup", "-q"))
	s.job = strings.TrimSpace(s.cli("keys", "update", "--all", "--metadata", "team=a", "--background", "--yes", "-q"))
	s.giveUp()
	return s
}

// newKey makes a key with flags of "ration keys create".
func (r *rig) newKey(name string, more ...string) harness.Key {
	r.t.Helper()
	var made struct {
		Key    struct{ ID string }
		Secret string
	}
	out := r.cli(append([]string{"keys", "create", name, "-o", "json"}, more...)...)
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Secret == "" {
		r.t.Fatalf("creating a key printed %q: %v", out, err)
	}
	return harness.Key{ID: made.Key.ID, Secret: made.Secret}
}

// newWebhook makes a webhook on the console, and returns its id.
func (s *site) newWebhook(address string) string {
	s.t.Helper()
	form := strings.NewReader(url.Values{"url": {address}}.Encode())
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.adminURL+"/webhooks/new", form)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.AddCookie(&http.Cookie{Name: sessionCookie, Value: s.session})
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	found := regexp.MustCompile(`data-path="/webhooks/([^"]+)"`).FindSubmatch(page)
	if found == nil {
		s.t.Fatalf("making a webhook answered %d: %s", response.StatusCode, page)
	}
	return string(found[1])
}

// ask asks for a key, as somebody without one, and returns its id.
func (r *rig) ask(name string) string {
	r.t.Helper()
	text, err := json.Marshal(map[string]string{"name": name, "email": "eve@example.com", "reason": hostile})
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.ProxyURL+"/v1/key-requests", bytes.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var asked struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&asked); err != nil || asked.ID == "" {
		r.t.Fatalf("asking for a key answered %d: %v", response.StatusCode, err)
	}
	return asked.ID
}

// sessionCookie is the cookie of the console on this machine.
const sessionCookie = "__Host-ration"

// beginSession logs in past the browser, and returns its secret.
func (r *rig) beginSession(code string) (session string) {
	r.t.Helper()
	form := strings.NewReader(url.Values{"code": {code}}.Encode())
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.adminURL+"/login", form)
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(request) // follows no redirect
	if err != nil {
		r.t.Fatal(err)
	}
	_ = response.Body.Close()
	for _, cookie := range response.Cookies() {
		if cookie.Name == sessionCookie {
			return cookie.Value
		}
	}
	r.t.Fatalf("login answered %d without a session", response.StatusCode)
	return ""
}

// forget has a tab forget who is logged in at a site, and what its pages keep.
func (b *tab) forget(site string) {
	b.t.Helper()
	b.call("forgetting a site", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, storage.ClearDataForOrigin, storage.ClearDataForOriginParams{Origin: site, StorageTypes: "cookies,local_storage"})
		return err
	})
}

// enter gives a tab a session.
func (b *tab) enter(r *rig, session string) {
	b.t.Helper()
	yes := true
	b.call("setting the cookie", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetCookie, network.SetCookieParams{
			Name: sessionCookie, Value: session, URL: r.adminURL + "/", Path: "/", Secure: &yes, HTTPOnly: &yes, SameSite: network.CookieSameSiteStrict,
		})
		return err
	})
}
