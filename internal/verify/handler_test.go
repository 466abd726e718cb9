package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

type fakeCharger struct {
	decision ration.Decision
	err      error
	charged  ration.Charge
	count    atomic.Int64
}

func (f *fakeCharger) Charge(_ context.Context, charge ration.Charge) (ration.Decision, error) {
	f.count.Add(1)
	f.charged = charge
	if _, err := charge.Normalize(); err != nil {
		return ration.Decision{}, err
	}
	return f.decision, f.err
}

// fakeTokens knows the tokens "good" and "read-only".
type fakeTokens struct{ err error }

func (f fakeTokens) Check(_ context.Context, token ration.Secret, scope string) (admin.Token, error) {
	switch {
	case f.err != nil:
		return admin.Token{}, f.err
	case token.Reveal() == "read-only":
		return admin.Token{}, &admin.TokenScopeError{Scope: scope}
	case token.Reveal() != "good" || scope != "verify":
		return admin.Token{}, admin.ErrTokenInvalid
	}
	return admin.Token{Name: "app"}, nil
}

func denied() ration.Decision {
	midnight := noon.Add(12 * time.Hour)
	return ration.Decision{
		Code: ration.CodeQuotaExceeded, KeyID: ration.KeyID{1}, KeyName: "Ada's", Owner: "ada", Plan: "free", DecidedAt: noon, RetryAfter: 12 * time.Hour,
		Limits: []ration.LimitStatus{{
			Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Quantity: 3, Period: ration.PeriodDay},
			Used:  2, Reserved: 1, ResetsAt: midnight, AvailableAt: midnight, Exceeded: true,
		}},
	}
}

// post sends a body with the token "good".
func post(charger *fakeCharger, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	return postWith(fakeTokens{}, charger, body, change...)
}

func postWith(tokens bearer.Checker, charger *fakeCharger, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", verify.Path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	verify.NewHandler(verify.Config{Charger: charger, Callers: bearer.New(tokens)}).ServeHTTP(w, r)
	return w
}

func TestSecretIsReadAsTheProxyReadsAHeader(t *testing.T) {
	for sent, want := range map[string]string{
		"k1":                 "k1",
		" k1\t":              "k1",
		"k1\n":               "k1",
		"\u00a0k1\r\n":       "k1",
		"Bearer k1":          "k1",
		"\nbEARER   k1 \r\n": "k1",
		"Basic YW55Omsx":     "k1", // any:k1
		"Bearer":             "",
		"Basic !!":           "",
		" \n":                "",
		"bearer_k1":          "bearer_k1",
		"Digest k1":          "Digest k1",
		"in the middle k1 x": "in the middle k1 x",
	} {
		charger := &fakeCharger{decision: denied()}
		body, err := json.Marshal(map[string]string{"secret": sent})
		if err != nil {
			t.Fatal(err)
		}
		if w := post(charger, string(body)); w.Code != 200 {
			t.Fatalf("%q got %d %s", sent, w.Code, w.Body)
		}
		if want == "" {
			if n := charger.count.Load(); n != 0 {
				t.Errorf("%q was put to the engine as %q", sent, charger.charged.Secret.Reveal())
			}
			continue
		}
		if got := charger.charged.Secret.Reveal(); got != want {
			t.Errorf("%q was read as %q, want %q", sent, got, want)
		}
	}
}

func TestADecisionIs200WithTheClientsAnswerReadyMade(t *testing.T) {
	w := post(&fakeCharger{decision: denied()}, `{"secret":"k1"}`)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d, %v, %s", w.Code, w.Header(), w.Body)
	}
	var got api.VerifyResponse
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	body := got.Response.Body
	got.Response.Body = ""
	midnight, wait := noon.Add(12*time.Hour), int64(43200)
	want := api.VerifyResponse{
		Code: "quota_exceeded", RetryAfter: &wait,
		Key:    &api.Key{ID: ration.KeyID{1}.String(), Name: "Ada's", Owner: "ada", Plan: "free"},
		Limits: []api.Limit{{Name: "requests-day", Meter: "requests", Kind: "quota", Period: "day", Limit: "3", Used: "2", Reserved: "1", Remaining: "0", ResetsAt: &midnight}},
		Response: api.ClientResponse{Status: 429, Headers: map[string]string{
			"RateLimit-Policy": `"requests-day";q=3;w=86400`, "RateLimit": `"requests-day";r=0;t=43200`,
			"Retry-After": "43200", "Cache-Control": "no-store", "Content-Type": "application/problem+json",
			"X-Request-Id": w.Header().Get("X-Request-Id"),
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if !strings.Contains(body, `"code":"quota_exceeded"`) {
		t.Errorf("got body %s", body)
	}
}

func TestWhatIsAskedIsCharged(t *testing.T) {
	charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}
	w := post(charger, ` {"secret":"k\u0031", "amounts":{"tokens":1200,"requests":0}, "scope":"ask", "ip":"203.0.113.7", "dry_run":true} `)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"allowed":true`) {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	got := charger.charged
	if got.Secret.Reveal() != "k1" || got.Scope != "ask" || got.IP.String() != "203.0.113.7" || !got.DryRun || got.Via != "verify" {
		t.Errorf("charged %+v", got)
	}
	if diff := cmp.Diff([]ration.Amount{{Meter: "tokens", Units: 1200}, {Meter: "requests", Units: 0}}, got.Amounts); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
}

func TestNoSecretIsADecisionToo(t *testing.T) {
	for name, body := range map[string]string{"left out": `{}`, "empty": `{"secret":""}`, "null": `{"secret":null,"amounts":null,"scope":null,"ip":null,"dry_run":null}`} {
		t.Run(name, func(t *testing.T) {
			charger := &fakeCharger{}
			w := post(charger, body)
			if w.Code != 200 || !strings.Contains(w.Body.String(), `"code":"key_missing"`) || !strings.Contains(w.Body.String(), `"status":401`) || charger.count.Load() != 0 {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
	w := post(&fakeCharger{}, `{"secret":"`+strings.Repeat("x", 513)+`"}`)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"code":"key_unknown"`) {
		t.Errorf("a secret that is too long got %d %s", w.Code, w.Body)
	}
}

func TestBadBodiesNameTheFault(t *testing.T) {
	for _, row := range []struct {
		name, body, code, pointer string
		status                    int
	}{
		{"empty", ``, "invalid_body", "", 400},
		{"not JSON", `secret=k1`, "invalid_body", "", 400},
		{"truncated", `{"secret":"k1"`, "invalid_body", "", 400},
		{"two values", `{"secret":"k1"}{}`, "invalid_body", "", 400},
		{"trailing comma", `{"secret":"k1",}`, "invalid_body", "", 400},
		{"not UTF-8", "{\"secret\":\"\xff\"}", "invalid_body", "", 400},
		{"no object", `"k1"`, "invalid_body", "", 400},
		{"null", `null`, "invalid_body", "", 400},
		{"too deep", strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "invalid_body", "", 400},
		{"unknown member", `{"secret":"k1","amount":{"tokens":1}}`, "invalid_body", "/amount", 400},
		{"unknown member with odd characters", `{"a/b~c":1}`, "invalid_body", "/a~1b~0c", 400},
		{"members are told apart by case", `{"Secret":"k1"}`, "invalid_body", "/Secret", 400},
		{"member twice", `{"secret":"k1","dry_run":true,"secret":"k2"}`, "invalid_body", "/secret", 400},
		{"member twice, one escaped", `{"secret":"k1","secre\u0074":"k2"}`, "invalid_body", "/secret", 400},
		{"secret is a number", `{"secret":1}`, "invalid_body", "/secret", 400},
		{"secret is an object", `{"secret":{"a":[1,{}]}}`, "invalid_body", "/secret", 400},
		{"amounts is a number", `{"amounts":1}`, "invalid_body", "/amounts", 400},
		{"amounts is an array", `{"amounts":[1]}`, "invalid_body", "/amounts", 400},
		{"dry_run is text", `{"dry_run":"true"}`, "invalid_body", "/dry_run", 400},
		{"dry_run is an array", `{"dry_run":[true]}`, "invalid_body", "/dry_run", 400},

		{"negative", `{"secret":"k1","amounts":{"tokens":-1}}`, "invalid_value", "/amounts/tokens", 422},
		{"negative fraction", `{"secret":"k1","amounts":{"tokens":-0.5}}`, "invalid_value", "/amounts/tokens", 422},
		{"infinite", `{"secret":"k1","amounts":{"tokens":1e400}}`, "invalid_value", "/amounts/tokens", 422},
		{"text", `{"secret":"k1","amounts":{"tokens":"1"}}`, "invalid_value", "/amounts/tokens", 422},
		{"null amount", `{"secret":"k1","amounts":{"tokens":null}}`, "invalid_value", "/amounts/tokens", 422},
		{"nested amount", `{"secret":"k1","amounts":{"tokens":{"a":1}}}`, "invalid_value", "/amounts/tokens", 422},
		{"one too many", `{"secret":"k1","amounts":{"tokens":9007199254740993}}`, "invalid_value", "/amounts/tokens", 422},
		{"beyond 64 bits", `{"secret":"k1","amounts":{"tokens":99999999999999999999}}`, "invalid_value", "/amounts/tokens", 422},
		{"meter twice", `{"secret":"k1","amounts":{"tokens":1,"tokens":2}}`, "invalid_body", "/amounts/tokens", 400},
		{"meter of an impossible name", `{"secret":"k1","amounts":{"To/kens":1}}`, "invalid_value", "/amounts/To~1kens", 422},
		{"too many meters", `{"secret":"k1","amounts":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1}}`, "invalid_value", "/amounts", 422},
		{"scope of impossible characters", `{"secret":"k1","scope":"a b"}`, "invalid_value", "/scope", 422},
		{"not an address", `{"secret":"k1","ip":"localhost"}`, "invalid_value", "/ip", 422},
	} {
		t.Run(row.name, func(t *testing.T) {
			charger := &fakeCharger{}
			w := post(charger, row.body)
			var problem api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if w.Code != row.status || problem.Code != row.code || len(problem.Errors) != 1 || problem.Errors[0].Pointer != row.pointer || problem.Errors[0].Detail == "" || problem.RequestID == "" {
				t.Errorf("got %d %s, want %d %s at %q", w.Code, w.Body, row.status, row.code, row.pointer)
			}
			if strings.Contains(w.Body.String(), "k1") {
				t.Errorf("the secret is in %s", w.Body)
			}
		})
	}
}

// TestNumbersAreNumbers: languages differ in how they write a number. Its decimals are
// kept for meters with a unit.
func TestNumbersAreNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"37": "37", "37.0": "37", "3.7e1": "37", "3.7E+1": "37", "0.1e1": "1", "370e-1": "37", "0.0": "0", "-0": "0", "-0.0": "0", "1e3": "1000",
		"9007199254740992": "9007199254740992", "9007199254740992.0": "9007199254740992", "9007199254740991.0": "9007199254740991",
		"1.5": "1.5", "0.002": "0.002", "1e-400": "0.000000001", "36.00000000000000000001": "36.000000001",
	} {
		charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}
		if w := post(charger, `{"secret":"k1","amounts":{"tokens":`+text+`}}`); w.Code != 200 {
			t.Errorf("%s: got %d %s", text, w.Code, w.Body)
			continue
		}
		if charged := charger.charged.Amounts[0]; charged.Meter != "tokens" || charged.Text() != want {
			t.Errorf("%s is charged as %s of %s, want %s", text, charged.Text(), charged.Meter, want)
		}
	}
}

func TestCallersAreCheckedFirst(t *testing.T) {
	authorization := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Authorization"] = values }
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, row := range []struct {
		name   string
		tokens fakeTokens
		change func(*http.Request)
		body   string
		status int
		code   string
		field  [2]string
	}{
		{"no token", fakeTokens{}, authorization(), "nonsense", 401, "token_missing", [2]string{"WWW-Authenticate", `Bearer realm="ration"`}},
		{"empty token", fakeTokens{}, authorization("Bearer "), "{}", 401, "token_missing", [2]string{"WWW-Authenticate", `Bearer realm="ration"`}},
		{"basic", fakeTokens{}, authorization("Basic Z29vZA=="), "{}", 401, "token_missing", [2]string{"WWW-Authenticate", `Bearer realm="ration"`}},
		{"two tokens", fakeTokens{}, authorization("Bearer good", "Bearer bad"), "{}", 401, "token_invalid", [2]string{"WWW-Authenticate", `Bearer realm="ration", error="invalid_token"`}},
		{"bad token", fakeTokens{}, authorization("Bearer bad"), "nonsense", 401, "token_invalid", [2]string{"WWW-Authenticate", `Bearer realm="ration", error="invalid_token"`}},
		{"scheme in any case", fakeTokens{}, authorization("bearer good"), "{}", 200, "", [2]string{}},
		{"token without the scope", fakeTokens{}, authorization("Bearer read-only"), "{}", 403, "token_lacks_scope", [2]string{"WWW-Authenticate", `Bearer realm="ration", error="insufficient_scope", scope="verify"`}},
		{"store down", fakeTokens{err: ration.ErrStoreUnavailable}, authorization("Bearer good"), "{}", 503, "store_unavailable", [2]string{"Retry-After", "1"}},
		{"GET", fakeTokens{}, func(r *http.Request) { r.Method = "GET" }, "", 405, "method_not_allowed", [2]string{"Allow", "POST"}},
		{"form", fakeTokens{}, header("Content-Type", "application/x-www-form-urlencoded"), "{}", 415, "unsupported_media_type", [2]string{}},
		{"no content type", fakeTokens{}, header("Content-Type", ""), "{}", 415, "unsupported_media_type", [2]string{}},
		{"another charset", fakeTokens{}, header("Content-Type", "application/json; charset=latin1"), "{}", 415, "unsupported_media_type", [2]string{}},
		{"charset UTF-8", fakeTokens{}, header("Content-Type", "Application/JSON; charset=utf-8"), "{}", 200, "", [2]string{}},
		{"64 KiB", fakeTokens{}, header("X", ""), `{"scope":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "body_too_large", [2]string{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := postWith(row.tokens, &fakeCharger{}, row.body, row.change)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.code) || row.field[0] != "" && w.Header().Get(row.field[0]) != row.field[1] {
				t.Errorf("got %d %v %s, want %d %s and %v", w.Code, w.Header(), w.Body, row.status, row.code, row.field)
			}
			if strings.Contains(w.Body.String(), "good") || strings.Contains(w.Body.String(), "Bearer bad") {
				t.Errorf("the token is in %s", w.Body)
			}
		})
	}
}

func TestNoDecisionIsTheCallersAnswer(t *testing.T) {
	for _, row := range []struct {
		err        error
		status     int
		code       string
		retryAfter string
	}{
		{ration.ErrStoreUnavailable, 503, "store_unavailable", "1"},
		{ration.ErrOutcomeUnknown, 503, "outcome_unknown", ""},
		{ration.ErrClockSuspect, 503, "clock_suspect", ""},
		{errors.New("surprise"), 500, "internal_error", ""},
	} {
		w := post(&fakeCharger{err: row.err}, `{"secret":"k1"}`)
		if w.Code != row.status || !strings.Contains(w.Body.String(), `"code":"`+row.code+`"`) || w.Header().Get("Retry-After") != row.retryAfter {
			t.Errorf("%v: got %d %v %s", row.err, w.Code, w.Header(), w.Body)
		}
	}
}

func TestAnEndlessBodyIsCutOff(t *testing.T) {
	server := httptest.NewServer(verify.NewHandler(verify.Config{Charger: &fakeCharger{}, Callers: bearer.New(fakeTokens{})}))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL, endless{})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 413 {
		t.Errorf("got %d", response.StatusCode)
	}
	_, _ = io.Copy(io.Discard, response.Body)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
