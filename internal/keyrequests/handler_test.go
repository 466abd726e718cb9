package keyrequests_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/keyrequests"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/sqlite"
)

// path is where the API is in these tests.
const path = "/v1/key-requests"

// office is an API on a database of its own.
type office struct {
	*testing.T
	service *admin.Service
	store   *sqlite.Store
	handler *keyrequests.Handler
}

func open(t *testing.T, isOpen bool) *office {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "ration.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	o := &office{T: t, store: store, service: admin.New(store, admin.Config{PickupURL: "https://api.example.com/portal/pickup"})}
	o.handler = o.another(isOpen)
	return o
}

// another returns the API of another instance on the same database.
func (o *office) another(isOpen bool) *keyrequests.Handler {
	o.Helper()
	proxies, err := rationhttp.ParseTrustedProxies([]string{"10.0.0.1"})
	if err != nil {
		o.Fatal(err)
	}
	desk := keyrequests.NewDesk(func() (keyrequests.Operations, error) { return o.service, nil }, isOpen)
	return keyrequests.New(keyrequests.Config{Path: path, Desk: desk, TrustedProxies: proxies})
}

// reply is an answer, and its body.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

// post sends JSON from an address.
func (o *office) post(from, below, body string) reply {
	o.Helper()
	return o.send(o.handler, from, request(below, body))
}

func request(below, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path+below, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (o *office) send(handler http.Handler, from string, r *http.Request) reply {
	o.Helper()
	r.RemoteAddr = from
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		o.Fatal(err)
	}
	got := reply{status: response.StatusCode, header: response.Header}
	if err := json.Unmarshal(text, &got.body); err != nil {
		o.Fatalf("%d %q: %v", got.status, text, err)
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get(rationhttp.RequestIDHeader) == "" {
		o.Errorf("an answer may be stored, or has no id: %v", got.header)
	}
	return got
}

func asks(name, email string) string {
	body, _ := json.Marshal(map[string]string{"name": name, "email": email, "reason": "because"})
	return string(body)
}

func withCode(code any) string {
	body, _ := json.Marshal(map[string]any{"code": code})
	return string(body)
}

const here = "203.0.113.7:1234"

func TestFromAskingToTheSecret(t *testing.T) {
	o := open(t, true)
	asked := o.post(here, "", asks("<script>alert(1)</script>", "ann@example.com"))
	code, _ := asked.body["code"].(string)
	if asked.status != http.StatusCreated || asked.body["state"] != "pending" || !strings.HasPrefix(code, "rk_pickup_") || asked.body["url"] != "https://api.example.com/portal/pickup#"+code {
		t.Fatalf("asked: %+v", asked)
	}
	id, err := ration.ParseKeyID(asked.body["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := o.service.ShowKeyRequest(t.Context(), id)
	if err != nil || shown.From != "203.0.113.7" || shown.Email != "ann@example.com" {
		t.Errorf("the request is %+v, %v", shown, err)
	}
	o.wantState(code, "pending")
	if early := o.post(here, "/pickup", withCode(code)); early.status != http.StatusConflict || early.body["code"] != "pickup_pending" {
		t.Errorf("before anybody has decided: %+v", early)
	}
	if _, err := o.service.ApproveKey(t.Context(), "ada", admin.KeyApproval{ID: id, Unlimited: true}); err != nil {
		t.Fatal(err)
	}
	o.wantState(code, "approved")
	got := o.post(here, "/pickup", withCode(code))
	secret, _ := got.body["secret"].(string)
	if got.status != http.StatusOK || got.body["id"] != id.String() || !strings.HasPrefix(secret, "rk_") {
		t.Fatalf("picked up: %+v", got)
	}
	if refs, err := o.store.ResolveDigests(t.Context(), []ration.Digest{ration.SecretFromText(secret).Digest(nil)}); err != nil || refs[0].KeyID != id {
		t.Errorf("the secret belongs to %v, %v", refs, err)
	}
	again := o.post(here, "/pickup", withCode(code))
	if again.status != http.StatusGone || again.body["code"] != "picked_up" || again.body["secret"] != nil {
		t.Errorf("a second time: %+v", again)
	}
	o.wantState(code, "picked_up")
	entries, err := o.service.ListAudit(t.Context(), admin.AuditFilter{Target: id.String(), OldestFirst: true})
	if err != nil || len(entries) != 3 || entries[0].Actor != "request" || entries[2].Actor != "pickup" || entries[0].From != "203.0.113.7" || entries[2].From != "203.0.113.7" {
		t.Errorf("the audit log has %+v, %v", entries, err)
	}
}

func (o *office) wantState(code, want string) {
	o.Helper()
	if got := o.post(here, "/state", withCode(code)); got.status != http.StatusOK || got.body["state"] != want {
		o.Errorf("state: %+v; want %s", got, want)
	}
}

func TestRejectedRequestSaysWhy(t *testing.T) {
	o := open(t, true)
	asked := o.post(here, "", asks("Ann", "ann@example.com"))
	id, _ := ration.ParseKeyID(asked.body["id"].(string))
	if _, err := o.service.RejectKey(t.Context(), "ada", admin.KeyRejection{ID: id, Reason: "<b>no</b>"}); err != nil {
		t.Fatal(err)
	}
	if got := o.post(here, "/state", withCode(asked.body["code"])); got.body["state"] != "rejected" || got.body["reason"] != "<b>no</b>" {
		t.Errorf("state: %+v", got)
	}
	if got := o.post(here, "/pickup", withCode(asked.body["code"])); got.status != http.StatusGone || got.body["code"] != "pickup_rejected" {
		t.Errorf("picking up: %+v", got)
	}
}

// TestLinksWorkWhileNobodyCanAsk picks up a key that was made with a link.
func TestLinksWorkWhileNobodyCanAsk(t *testing.T) {
	o := open(t, false)
	if got := o.post(here, "", asks("Ann", "ann@example.com")); got.status != http.StatusNotFound || got.body["code"] != "key_requests_off" {
		t.Errorf("asking: %+v", got)
	}
	for below, want := range map[string]bool{"": false, "/": false, "/state": true, "/pickup": true, "/pickup/": false, "/pick%75p": false} {
		if got := o.handler.Serves(httptest.NewRequest(http.MethodPost, path+below, nil)); got != want {
			t.Errorf("%q is served: %t", below, got)
		}
	}
	made, err := o.service.CreateKey(t.Context(), "test", admin.NewKey{Name: "for Ann", Pickup: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := o.post(here, "/pickup", withCode(made.Pickup.Code.Reveal())); got.status != http.StatusOK {
		t.Errorf("picking up: %+v", got)
	}
}

func TestRefusedBodies(t *testing.T) {
	o := open(t, true)
	for name, row := range map[string]struct {
		body    string
		status  int
		pointer string
	}{
		"no JSON":                {`name=Ann`, 400, ""},
		"nothing":                {``, 400, ""},
		"truncated":              {`{"name":"Ann"`, 400, ""},
		"two values":             {asks("Ann", "a@b.c") + `{}`, 400, ""},
		"a list":                 {`[]`, 400, ""},
		"an unknown member":      {`{"name":"Ann","email":"a@b.c","plan":"pro"}`, 400, "/plan"},
		"a member in capitals":   {`{"Name":"Ann","email":"a@b.c"}`, 400, "/Name"},
		"a member twice":         {`{"name":"Ann","name":"Bob","email":"a@b.c"}`, 400, "/name"},
		"a number":               {`{"name":5,"email":"a@b.c"}`, 400, "/name"},
		"no UTF-8":               {"{\"name\":\"\xff\",\"email\":\"a@b.c\"}", 400, "/name"},
		"half a surrogate":       {`{"name":"\ud800","email":"a@b.c"}`, 400, "/name"},
		"deep":                   {strings.Repeat(`{"name":`, 4000), 400, "/name"},
		"too long":               {asks(strings.Repeat("x", 40<<10), "a@b.c"), 413, ""},
		"no name":                {asks("", "a@b.c"), 422, "/name"},
		"a blank name":           {asks(" \u00a0 ", "a@b.c"), 422, "/name"},
		"a long name":            {asks(strings.Repeat("é", 201), "a@b.c"), 422, "/name"},
		"a name with NUL":        {asks("a\x00b", "a@b.c"), 422, "/name"},
		"a name with an escape":  {asks("a\x1b[31mb", "a@b.c"), 422, "/name"},
		"a name that turns":      {asks("a\u202egnp.exe", "a@b.c"), 422, "/name"},
		"no e-mail address":      {asks("Ann", ""), 422, "/email"},
		"one without @":          {asks("Ann", "ann.example.com"), 422, "/email"},
		"one that begins with @": {asks("Ann", "@example.com"), 422, "/email"},
		"one that ends with @":   {asks("Ann", "ann@"), 422, "/email"},
		"one with a line break":  {asks("Ann", "a@b.c\r\nBcc: d@e.f"), 422, "/email"},
		"a long one":             {asks("Ann", strings.Repeat("a", 200)+"@b.c"), 422, "/email"},
		"a long reason":          {`{"name":"Ann","email":"a@b.c","reason":"` + strings.Repeat("x", 1001) + `"}`, 422, "/reason"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 10 { // which cost nothing
				got := o.post(here, "", row.body)
				pointer := ""
				if faults, found := got.body["errors"].([]any); found {
					pointer, _ = faults[0].(map[string]any)["pointer"].(string)
				}
				if got.status != row.status || !strings.HasPrefix(pointer, row.pointer) || row.pointer == "" && pointer != "" {
					t.Fatalf("got %+v", got)
				}
			}
			if count, err := o.store.CountKeys(t.Context(), 10); err != nil || count != 0 {
				t.Errorf("%d keys, %v", count, err)
			}
		})
	}
}

func TestOddAddressesAreTaken(t *testing.T) {
	o := open(t, true)
	for i, email := range []string{
		"a@b", `"very.(),:;<>[]\".VERY.\"very@\\ \"very\".unusual"@strange.example.com`, "user+tag@[IPv6:2001:db8::1]", "用户@例子.广告", "' OR 1=1 --@example.com", "=cmd|' /C calc'!A0@example.com", "a@b@c",
	} {
		asked := o.post(fmt.Sprintf("192.0.2.%d:1", i), "", asks("Ann", " "+email+" "))
		if asked.status != http.StatusCreated {
			t.Fatalf("%s: %+v", email, asked)
		}
		id, _ := ration.ParseKeyID(asked.body["id"].(string))
		if shown, err := o.service.ShowKeyRequest(t.Context(), id); err != nil || shown.Email != email {
			t.Errorf("%s is kept as %q, %v", email, shown.Email, err)
		}
	}
}

func TestWrongMethodAndMediaType(t *testing.T) {
	o := open(t, true)
	r := httptest.NewRequest(http.MethodGet, path+"/state?code=x", nil)
	if got := o.send(o.handler, here, r); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "POST" {
		t.Errorf("GET: %+v", got)
	}
	for _, mediaType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"} {
		r := request("", asks("Ann", "a@b.c"))
		r.Header.Set("Content-Type", mediaType)
		if got := o.send(o.handler, here, r); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %+v", mediaType, got)
		}
	}
}

// TestFloodOfRequests asks from one client, by whatever addresses it has, and then from many.
func TestFloodOfRequests(t *testing.T) {
	for name, from := range map[string]func(i int) (peer, forwarded string){
		"an address":               func(int) (string, string) { return here, "" },
		"a network of IPv6":        func(i int) (string, string) { return fmt.Sprintf("[2001:db8:1:2:%x::1]:1", i), "" },
		"behind a trusted proxy":   func(i int) (string, string) { return "10.0.0.1:1", fmt.Sprintf("192.0.2.%d, 198.51.100.9", i) },
		"behind nobody we trust":   func(i int) (string, string) { return here, fmt.Sprintf("192.0.2.%d", i) },
		"an address that is mixed": func(i int) (string, string) { return []string{here, "[::ffff:203.0.113.7]:9"}[i%2], "" },
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t, true)
			for i := range 20 {
				peer, forwarded := from(i)
				r := request("", asks("Ann", "a@b.c"))
				if forwarded != "" {
					r.Header.Set("X-Forwarded-For", forwarded)
				}
				got := o.send(o.handler, peer, r)
				want := http.StatusCreated
				if i >= 5 {
					want = http.StatusTooManyRequests
				}
				if got.status != want {
					t.Fatalf("request %d: %+v; want %d", i, got, want)
				}
				if retry, err := strconv.Atoi(got.header.Get("Retry-After")); i >= 5 && (err != nil || retry < 590 || retry > 600) {
					t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
				}
			}
		})
	}
	t.Run("many addresses", func(t *testing.T) {
		o := open(t, true)
		kept := 0
		for i := range 150 {
			got := o.post(fmt.Sprintf("192.0.2.%d:1", i), "", asks("Ann", "a@b.c"))
			switch {
			case got.status == http.StatusCreated:
				kept++
			case got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "":
				t.Fatalf("request %d: %+v", i, got)
			}
		}
		if kept < 100 || kept > 105 {
			t.Errorf("%d of a flood from many addresses were kept", kept)
		}
	})
}

// TestGuessesAreBounded guesses codes that have the right form.
func TestGuessesAreBounded(t *testing.T) {
	o := open(t, true)
	asked := o.post(here, "", asks("Ann", "a@b.c"))
	guess := func(from, below string) int {
		return o.post(from, below, withCode(ration.NewSecret("rk_pickup").Reveal())).status
	}
	let := 0
	for i := range 50 {
		switch status := guess("192.0.2.1:1", []string{"/state", "/pickup"}[i%2]); status {
		case http.StatusNotFound:
			let++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("guess %d: %d", i, status)
		}
	}
	if let < 20 || let > 21 {
		t.Errorf("%d guesses of one address were looked up", let)
	}
	for range 100 { // by somebody who has a code
		o.wantState(asked.body["code"].(string), "pending")
	}
	for _, code := range []any{"", "x", strings.Repeat("x", 10_000), ration.NewSecret("rk").Reveal(), asked.body["code"].(string) + "x", "rk_pickup_\u0000"} {
		if got := o.post("192.0.2.2:1", "/pickup", withCode(code)); got.status != http.StatusNotFound {
			t.Errorf("%q: %+v", code, got)
		}
	}
}

// TestOneOfManyPicksUp uses one link on several instances at the same moment.
func TestOneOfManyPicksUp(t *testing.T) {
	o := open(t, true)
	instances := []*keyrequests.Handler{o.handler, o.another(true)}
	made, err := o.service.CreateKey(t.Context(), "test", admin.NewKey{Name: "for Ann", Pickup: true})
	if err != nil {
		t.Fatal(err)
	}
	replies := make([]reply, 16)
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() {
			replies[i] = o.send(instances[i%2], fmt.Sprintf("192.0.2.%d:1", i), request("/pickup", withCode(made.Pickup.Code.Reveal())))
		})
	}
	all.Wait()
	got := 0
	for _, reply := range replies {
		switch {
		case reply.status == http.StatusOK && reply.body["secret"] != nil:
			got++
		case reply.status != http.StatusGone || reply.body["secret"] != nil:
			t.Errorf("another one: %+v", reply)
		}
	}
	key, err := o.store.Key(t.Context(), made.Key.ID)
	if err != nil || got != 1 || len(key.Secrets) != 1 {
		t.Errorf("%d have got a secret, and the key has %d, %v", got, len(key.Secrets), err)
	}
}
