package proxy_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

func TestAChargedRequestReachesTheUpstreamAsItCame(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/ask", Amounts: map[string]ration.Amount{"tokens": {Units: 7}}, Scope: "ask"}}})
	response := f.do(t, "POST", "/ask?b=2&a=%31", strings.NewReader("hello"), "X-API-Key: "+canary, "Content-Type: text/plain", "X-Own: kept")
	if response.StatusCode != 200 {
		t.Fatalf("got %d %s", response.StatusCode, bodyOf(t, response))
	}
	got := u.only(t)
	if got.Method != "POST" || got.RequestURI != "/ask?b=2&a=%31" || got.body != "hello" || got.ContentLength != 5 {
		t.Errorf("upstream got %s %s %q (%d)", got.Method, got.RequestURI, got.body, got.ContentLength)
	}
	if "http://"+got.Host != f.URL {
		t.Errorf("upstream got host %s", got.Host)
	}
	requestID := response.Header.Get("X-Request-Id")
	if id, err := uuid.Parse(requestID); err != nil || id.Version() != 7 {
		t.Errorf("got request id %q", requestID)
	}
	want := http.Header{
		"Accept-Encoding": {"gzip"}, "User-Agent": {"Go-http-client/1.1"}, "Content-Type": {"text/plain"}, "Content-Length": {"5"}, "X-Own": {"kept"},
		"X-Auth-Subject": {"ada"}, "X-Auth-Key-Id": {ration.KeyID{1}.String()}, "X-Auth-Plan": {"free"},
		"X-Upstream-Password": {"hunter2"}, "X-Request-Id": {requestID},
		"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Host": {got.Host}, "X-Forwarded-Proto": {"http"},
	}
	if via := got.Header["Via"]; len(via) != 1 || !strings.HasPrefix(via[0], "1.1 ration-") { // which is another in each run
		t.Errorf("upstream got Via %q", via)
	}
	got.Header.Del("Via")
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("headers to the upstream (-want +got):\n%s", diff)
	}
	charge := f.charger.charged()[0]
	if charge.Via != "proxy" || charge.Scope != "ask" || charge.Amounts[0] != (ration.Amount{Meter: "tokens", Units: 7}) || charge.IP.String() != "127.0.0.1" {
		t.Errorf("charged %+v", charge)
	}
}

func TestTheAnswerTellsWhatRemainsInPlaceOfTheUpstreamsOwn(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("RateLimit", `"upstream";r=1`)
		w.Header().Add("RateLimit-Policy", `"upstream";q=1`)
		w.Header().Set("X-RateLimit-Remaining", "1")
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Vary", "Accept")
		w.Header().Set("X-Request-Id", "upstream's")
		w.WriteHeader(http.StatusAccepted)
	})
	f := newFixture(t, u.URL, route.Config{})
	response := f.get(t, "/")
	for name, want := range map[string][]string{
		"Ratelimit": {`"requests-day";r=95;t=43200`}, "Ratelimit-Policy": {`"requests-day";q=100;w=86400`}, "X-Ratelimit-Remaining": nil,
		"Cache-Control": {"max-age=60, private"}, "Vary": {"Accept, X-API-Key, Authorization"},
	} {
		if diff := cmp.Diff(want, response.Header[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if response.StatusCode != http.StatusAccepted || len(response.Header["X-Request-Id"]) != 1 || response.Header.Get("X-Request-Id") == "upstream's" {
		t.Errorf("got %d %v", response.StatusCode, response.Header)
	}
}

func TestADenialReachesNoUpstream(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	for _, row := range []struct {
		name   string
		header string
		status int
		code   string
	}{
		{"no key", "X-Other: 1", 401, "key_missing"},
		{"unknown key", "X-API-Key: other", 401, "key_unknown"},
		{"two keys", "Authorization: Bearer other", 400, "invalid_request"},
	} {
		headers := []string{row.header}
		if row.name == "two keys" {
			headers = append(headers, "X-API-Key: "+canary)
		}
		response := f.do(t, "GET", "/", nil, headers...)
		body := bodyOf(t, response)
		if response.StatusCode != row.status || !strings.Contains(body, `"code":"`+row.code+`"`) || !strings.Contains(body, response.Header.Get("X-Request-Id")) {
			t.Errorf("%s: got %d %s", row.name, response.StatusCode, body)
		}
	}
	f.charger.err = ration.ErrStoreUnavailable
	if response := f.get(t, "/"); response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" {
		t.Errorf("store down: got %d", response.StatusCode)
	}
	if got := u.received(); len(got) != 0 {
		t.Errorf("%d requests reached the upstream", len(got))
	}
}

func TestFreeRoutesAskNothingAndTellNothing(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("RateLimit", `"upstream";r=1`) })
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/admin/*", Free: true}}})
	response := f.do(t, "GET", "/admin/x", nil, "Authorization: Bearer the-applications-own", "X-API-Key: "+canary, "X-Auth-Subject: eve")
	got := u.only(t)
	if response.StatusCode != 200 || len(f.charger.charged()) != 0 || response.Header.Get("RateLimit") != `"upstream";r=1` || response.Header.Get("Cache-Control") != "" {
		t.Errorf("got %d %v", response.StatusCode, response.Header)
	}
	if got.Header.Get("Authorization") != "Bearer the-applications-own" || got.Header.Get("X-Api-Key") != "" {
		t.Errorf("upstream got %v", got.Header)
	}
	for _, name := range []string{"X-Auth-Subject", "X-Auth-Key-Id", "X-Auth-Plan"} {
		if values := got.Header[name]; len(values) != 1 || values[0] != "" {
			t.Errorf("upstream got %s %q, want one empty value", name, values)
		}
	}
}

func TestASecretOfOursDoesNotPassAFreeRouteAsBearer(t *testing.T) {
	for _, value := range []string{"Bearer " + canary, canary, "ApiKey " + canary, "Basic " + base64.StdEncoding.EncodeToString([]byte(canary+":"))} {
		u := newUpstream(t, nil)
		f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/", Free: true}}})
		f.do(t, "GET", "/", nil, "Authorization: "+value)
		if got := u.only(t); got.Header.Get("Authorization") != "" {
			t.Errorf("upstream got %v", got.Header)
		}
	}
}

func TestAKeyInTheQueryIsTakenAndStripped(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/change-model", KeyQuery: "api_key"}}})
	response := f.do(t, "POST", "/change-model?model=a%20b&api%5Fkey="+canary+"&password=p", nil, "Referer: http://x/?api_key="+canary)
	if response.StatusCode != 200 || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v", response.StatusCode, response.Header)
	}
	if got := u.only(t); got.RequestURI != "/change-model?model=a%20b&password=p" || got.Header.Get("Referer") != "" {
		t.Errorf("upstream got %s %v", got.RequestURI, got.Header)
	}
	if response := f.do(t, "GET", "/other?api_key="+canary, nil); response.StatusCode != 400 {
		t.Errorf("elsewhere: got %d", response.StatusCode)
	}
}

func TestAnOwnerThatNoHeaderCanCarryGivesWayToTheKey(t *testing.T) {
	for owner, want := range map[string]string{
		"": "", " ada": "", "ada\r\nX-Auth-Plan: gold": "", "Zoë": "Zoë",
	} {
		u := newUpstream(t, nil)
		f := newFixture(t, u.URL, route.Config{})
		f.charger.decision.Owner = owner
		if want == "" {
			want = ration.KeyID{1}.String()
		}
		f.get(t, "/")
		if got := u.only(t).Header["X-Auth-Subject"]; len(got) != 1 || got[0] != want {
			t.Errorf("owner %q: upstream got %q, want %q", owner, got, want)
		}
	}
}

func TestFailOpenRoutesLetKeysThroughWithoutAnIdentity(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/open", FailOpen: true}}})
	f.charger.err = ration.ErrStoreUnavailable
	if response := f.get(t, "/open", "X-Auth-Subject: eve"); response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
	if got := u.only(t); got.Header.Get("X-Auth-Subject") != "" || got.Header.Get("X-Api-Key") != "" {
		t.Errorf("upstream got %v", got.Header)
	}
	if response := f.get(t, "/closed"); response.StatusCode != 503 {
		t.Errorf("another route: got %d", response.StatusCode)
	}
}

func TestUnmatchedRoutesMayBeRefused(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{RefuseUnmatched: true, Routes: []route.Route{{Path: "/known"}}})
	if response := f.get(t, "/unknown"); response.StatusCode != 404 || !strings.Contains(bodyOf(t, response), `"no_such_route"`) {
		t.Errorf("got %d", response.StatusCode)
	}
	if response := f.get(t, "/known"); response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
}

// One of https goes by its own name, which its certificate is for; one of http is
// often told apart by the name that clients use.
func TestUpstreamOfHTTPSGetsItsOwnHost(t *testing.T) {
	u := newUpstream(t, nil)
	secure := httptest.NewTLSServer(u.Config.Handler)
	defer secure.Close()
	overHTTP, overHTTPS := newFixture(t, u.URL, route.Config{}), newFixture(t, secure.URL, route.Config{})
	overHTTPS.proxy.Trust(secure.Certificate())
	for _, row := range []struct {
		through *fixture
		host    string // as a URL
	}{{overHTTP, overHTTP.URL}, {overHTTPS, "http" + strings.TrimPrefix(secure.URL, "https")}} {
		row.through.get(t, "/")
		all := u.received()
		got := all[len(all)-1]
		if "http://"+got.Host != row.host {
			t.Errorf("upstream got host %s, want %s", got.Host, row.host)
		}
		if "http://"+got.Header.Get("X-Forwarded-Host") != row.through.URL {
			t.Errorf("upstream got %v", got.Header)
		}
	}
}

func TestAPathOfTheUpstreamIsPutBefore(t *testing.T) {
	for _, base := range []string{"/base", "/base/"} {
		u := newUpstream(t, nil)
		f := newFixture(t, u.URL+base, route.Config{})
		f.get(t, "/a/b?c")
		if got := u.only(t).RequestURI; got != "/base/a/b?c" {
			t.Errorf("%s: upstream got %s", base, got)
		}
	}
}

func TestBadConfigurationIsNamed(t *testing.T) {
	for _, target := range []string{"ftp://h", "http://", "http://u:p@h", "http://h?q", "http://h/?", "http://h/#f", "unix:///x"} {
		if err := newError(t, target, nil); !strings.HasPrefix(fmt.Sprint(err), "upstream is ") || strings.Contains(err.Error(), ":p@") {
			t.Errorf("%s: got %v", target, err)
		}
	}
	for name, value := range map[string]string{"Connection": "x", "X-Auth-Subject": "x", "content-length": "1", "a b": "x", "": "x", "X-A": "hunter2\n", "X-B": " hunter2"} {
		if err := newError(t, "http://h", map[string]string{name: value}); !strings.HasPrefix(fmt.Sprint(err), "upstream_headers") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func newError(t *testing.T, target string, headers map[string]string) error {
	t.Helper()
	table, err := route.Compile(route.Config{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	_, err = proxy.New(proxy.Config{Upstream: parsed, Routes: table, Headers: headers})
	return err
}
