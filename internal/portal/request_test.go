package portal_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/keyrequests"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationtest"
)

// openDesk returns a desk at which keys can be asked for, or only picked up.
func openDesk(t *testing.T, takesRequests bool) *desk {
	t.Helper()
	var operations keyrequests.Operations
	d := open(t, func(c *portal.Config) {
		c.Desk = keyrequests.NewDesk(func() (keyrequests.Operations, error) { return operations, nil }, takesRequests)
	})
	operations = d.Operations().(*admin.Service)
	return d
}

var link = regexp.MustCompile(`id="pickup-link"[^>]* value="http://example.com/portal/pickup#(rk_pickup_[A-Za-z0-9]+)"`)

func (d *desk) ask(name string) (code string) {
	d.Helper()
	got := d.send("/portal/request", url.Values{"name": {name}, "email": {"ann@example.com"}, "reason": {"weather for\r\n<b>my garden</b>"}})
	got.wants(d.T, 201, "shown only now", "Nobody sends you a message")
	found := link.FindStringSubmatch(got.text)
	if found == nil {
		d.Fatalf("no link in %s", got.text)
	}
	return found[1]
}

// look asks what has become of a link, and take picks up its key.
func (d *desk) look(code string) answer {
	return d.send("/portal/pickup", url.Values{"code": {code}, "do": {"look"}})
}

func (d *desk) take(code string) answer {
	return d.send("/portal/pickup", url.Values{"code": {code}, "do": {"take"}})
}

// waiting returns the newest request.
func (d *desk) waiting() rationadmin.KeyRequest {
	d.Helper()
	requests, err := d.Operations().ListKeyRequests(d.Context(), rationadmin.KeyRequestFilter{})
	if err != nil || len(requests) == 0 {
		d.Fatal(requests, err)
	}
	return requests[0]
}

func TestAKeyIsAskedForApprovedAndPickedUpOnce(t *testing.T) {
	d := openDesk(t, true)
	d.Plan("free", "10/day")
	d.get("/portal/request").wants(t, 200, `id="name"`, `id="email"`, `id="reason"`, `id="nav-request"`)
	code := d.ask(hostile)
	d.get("/portal/pickup").wants(t, 200, `id="code"`, `value="take"`)
	d.look(code).wants(t, 200, `data-state="pending"`, "Nobody has decided yet")
	d.take(code).wants(t, 409, `data-state="pending"`)
	request := d.waiting()
	if request.Name != hostile || request.Reason != "weather for <b>my garden</b>" || request.From != "192.0.2.1" {
		t.Errorf("the request is %+v", request)
	}
	if _, err := d.Operations().ApproveKey(t.Context(), "boss", rationadmin.KeyApproval{ID: request.KeyID, Plan: "free"}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // to look uses nothing up
		got := d.look("  http://example.com/portal/pickup#" + code + "\n")
		if got.wants(t, 200, `data-state="approved"`, "Your key is ready", "&lt;script&gt;"); strings.Contains(got.text, code) {
			t.Error("the page has the code")
		}
	}
	got := d.take(code)
	got.wants(t, 200, "shown only now", "curl -s http://example.com/v1/usage", `href="/portal"`)
	found := newSecret.FindStringSubmatch(got.text)
	if found == nil {
		t.Fatal(got.text)
	}
	d.send("/portal", secretForm(ration.SecretFromText(found[1]))).wants(t, 200, "10 requests per day")
	d.take(code).wants(t, 409, `data-state="picked_up"`, "was picked up already")
	d.look(code).wants(t, 200, `data-state="picked_up"`)
	for _, secret := range []string{code, found[1]} {
		if strings.Contains(d.log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestARejectedRequestSaysWhy(t *testing.T) {
	d := openDesk(t, true)
	code := d.ask("ann")
	if _, err := d.Operations().RejectKey(t.Context(), "boss", rationadmin.KeyRejection{ID: d.waiting().KeyID, Reason: "not <i>now</i>"}); err != nil {
		t.Fatal(err)
	}
	d.look(code).wants(t, 200, `data-state="rejected"`, "not &lt;i&gt;now&lt;/i&gt;")
	d.take(code).wants(t, 409, `data-state="rejected"`)
}

func TestFaultsOfRequestsAreSaidAtTheirField(t *testing.T) {
	d := openDesk(t, true)
	for name, row := range map[string]struct {
		form  url.Values
		field string
	}{
		"no name":    {url.Values{"email": {"a@b"}}, "name"},
		"no e-mail":  {url.Values{"name": {"x"}}, "email"},
		"no address": {url.Values{"name": {"x"}, "email": {"ann"}, "reason": {hostile}}, "email"},
		"long":       {url.Values{"name": {strings.Repeat("x", 201)}, "email": {"a@b"}}, "name"},
		"control":    {url.Values{"name": {"a\x07b"}, "email": {"a@b"}}, "name"},
		"essay":      {url.Values{"name": {"x"}, "email": {"a@b"}, "reason": {strings.Repeat("x", 1001)}}, "reason"},
	} {
		got := d.send("/portal/request", row.form)
		if got.wants(t, 422, `id="`+row.field+`-wrong"`, `aria-invalid="true"`); strings.Count(got.text, "aria-invalid") != 1 {
			t.Errorf("%s: %s", name, got.text)
		}
		if typed := row.form.Get("email"); !strings.Contains(got.text, `value="`+typed+`"`) {
			t.Errorf("%s: what was typed is gone", name)
		}
	}
}

func TestRequestsAreBounded(t *testing.T) {
	d := openDesk(t, true)
	for range 5 {
		d.ask("ann")
	}
	got := d.send("/portal/request", url.Values{"name": {"ann"}, "email": {"ann@example.com"}, "reason": {"again"}})
	if got.wants(t, 429, "Too often", `value="ann"`, "again"); got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestGuessesOfLinks(t *testing.T) {
	d := openDesk(t, false)
	for name, code := range map[string]string{"a word": "hello", "a code": ration.NewSecret("rk_pickup").Reveal(), "a secret": d.Key(rationtest.Key{}).Secret.Reveal(), "markup": hostile} {
		for _, got := range []answer{d.look(code), d.take(code)} {
			if got.wants(t, 404, "This link is not known"); strings.Contains(got.text, code) {
				t.Errorf("%s: it is in the page", name)
			}
		}
	}
	d.look("").wants(t, 422, "Paste your link first")
	for range 40 {
		if d.look(ration.NewSecret("rk_pickup").Reveal()).StatusCode == 429 {
			return
		}
	}
	t.Error("40 guesses were looked up")
}

// TestLinksWorkWhereNobodyCanAsk as those of administrators do.
func TestLinksWorkWhereNobodyCanAsk(t *testing.T) {
	d := openDesk(t, false)
	key := d.Key(rationtest.Key{Name: "batch"})
	pickup, err := d.Operations().CreatePickup(t.Context(), "boss", rationadmin.NewPickup{ID: key.ID, Label: "second"})
	if err != nil {
		t.Fatal(err)
	}
	code := pickup.Code.Reveal()
	d.get("/portal/pickup?code="+code+"&do=take").wants(t, 200)
	d.look(code).wants(t, 200, `data-state="approved"`)
	d.take(code).wants(t, 200, "<bdi>batch</bdi>", `id="new-secret"`)
	d.get("/portal/request").wants(t, 404, "asked for here")
	d.send("/portal/request", url.Values{"name": {"ann"}, "email": {"a@b"}}).wants(t, 404)
	if page := d.get("/portal"); strings.Contains(page.text, "nav-request") || !strings.Contains(page.text, "nav-pickup") {
		t.Error(page.text)
	}
	bare := open(t)
	bare.get("/portal/pickup").wants(t, 404)
	bare.look(code).wants(t, 404)
	bare.get("/portal/request").wants(t, 404)
}

func TestDeskOnADatabaseThatIsAway(t *testing.T) {
	d := open(t, func(c *portal.Config) {
		c.Desk = keyrequests.NewDesk(func() (keyrequests.Operations, error) { return nil, ration.ErrStoreUnavailable }, true)
	})
	d.send("/portal/request", url.Values{"name": {"ann"}, "email": {"a@b"}}).wants(t, 503, "Not available right now", `value="ann"`)
	d.look(ration.NewSecret("rk_pickup").Reveal()).wants(t, 503, "Not available right now")
}
