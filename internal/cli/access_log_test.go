package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
)

// accessRoutes have an answer of each kind.
const accessRoutes = `
refuse_unmatched: true
trusted_proxies: [127.0.0.1]
routes:
  - {path: /ask, refunds: ["500"]}
  - {path: /much, amounts: {requests: 1, tokens: 100}}
  - {path: /guarded, scope: admin}
  - {path: /once, idempotency: required}
  - {path: /free/*, free: true}
`

// told is an answer that a client got, with what the logs should say of it.
type told struct {
	name   string
	id     string // X-Request-Id
	status int
	code   string
	limit  string
	key    bool // the log knows whose key it was
	ours   bool // Ration refused it, or its upstream failed
}

// accessFixture asks a server that writes everything down.
type accessFixture struct {
	t       *testing.T
	server  *serving
	proxy   string
	secret  string
	token   string
	answers []told
}

func newAccessFixture(t *testing.T) *accessFixture {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "the-upstreams-own")
		switch r.URL.Query().Get("answer") {
		case "404":
			w.WriteHeader(http.StatusNotFound)
		case "500":
			w.WriteHeader(http.StatusInternalServerError)
		case "none":
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(upstream.Close)
	directory := t.TempDir()
	database, file := "sqlite:"+filepath.Join(directory, "ration.db"), filepath.Join(directory, "ration.yaml")
	if err := os.WriteFile(file, []byte(accessRoutes), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &accessFixture{t: t}
	f.secret = must(t, database, "keys", "create", "ada", "--limit", "8/day", "--limit", "10 tokens/day", "-q")
	f.token = must(t, database, "tokens", "create", "service", "--scope", "verify", "-q")
	f.server = startServer(t, nil, "--db", database, "--config", file, "--upstream", upstream.URL, "--listen", "127.0.0.1:0",
		"--log-format", "json", "--log-level", "debug", "--access-log", "stdout")
	f.proxy = "http://" + listenAddress(t, f.server, "serving the proxy")
	return f
}

// listenAddress returns where a server listens that logs JSON, from the line that says so.
func listenAddress(t *testing.T, server *serving, message string) string {
	t.Helper()
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(server.log.await(t, message)), &line); err != nil {
		t.Fatal(err)
	}
	return line.Address
}

// ask sends a request, checks its answer and remembers it.
func (f *accessFixture) ask(want told, method, url, body string, fields ...string) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		f.t.Fatal(err)
	}
	got, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode != want.status {
		f.t.Fatalf("%s: status %d, %v, %s", want.name, response.StatusCode, err, got)
	}
	ids := response.Header.Values("X-Request-Id")
	if len(ids) != 1 || ids[0] == "" || want.id != "" && ids[0] != want.id {
		f.t.Fatalf("%s: X-Request-Id is %q", want.name, ids)
	}
	want.id = ids[0]
	if want.ours && !strings.Contains(string(got), `"request_id":"`+want.id+`"`) && !strings.Contains(string(got), `\"request_id\":\"`+want.id+`\"`) {
		f.t.Errorf("%s: X-Request-Id is %s, and the body says %s", want.name, want.id, got)
	}
	f.answers = append(f.answers, want)
}

func (f *accessFixture) askProxy() {
	key := []string{"X-API-Key", f.secret}
	for _, row := range []struct {
		told
		target string
		fields []string
	}{
		{told{name: "admitted", status: 200, code: "ok", key: true}, "/ask", key},
		{told{name: "an error of the upstream", status: 404, code: "ok", key: true}, "/ask?answer=404", key},
		{told{name: "given back", status: 500, code: "ok", key: true}, "/ask?answer=500", key},
		{told{name: "no answer of the upstream", status: 502, code: "upstream_failed", key: true, ours: true}, "/ask?answer=none", key},
		{told{name: "no key", status: 401, code: "key_missing", ours: true}, "/ask?canary=qu3ry", nil},
		{told{name: "unknown key", status: 401, code: "key_unknown", ours: true}, "/ask", []string{"X-API-Key", "canary-s3cret"}},
		{told{name: "two keys", status: 400, code: "invalid_request", ours: true}, "/ask", append([]string{"Authorization", "Bearer canary-s3cret"}, key...)},
		{told{name: "no scope", status: 403, code: "insufficient_scope", key: true, ours: true}, "/guarded", key},
		{told{name: "no route", status: 404, code: "no_such_route", ours: true}, "/reset/canary-t0ken", key},
		{told{name: "ambiguous path", status: 400, code: "ambiguous_path", ours: true}, "/free%2fcanary-t0ken", key},
		{told{name: "no idempotency key", status: 400, code: "idempotency_key_missing", ours: true}, "/once", key},
		{told{name: "once", status: 200, code: "ok", key: true}, "/once", append([]string{"Idempotency-Key", "canary-1d"}, key...)},
		{told{name: "twice", status: 409, code: "idempotency_replayed", key: true, ours: true}, "/once", append([]string{"Idempotency-Key", "canary-1d"}, key...)},
		{told{name: "too much for ever", status: 422, code: "cost_exceeds_limit", limit: "tokens-day", key: true, ours: true}, "/much", key},
		{told{name: "free", status: 200, code: "free"}, "/free/canary-t0ken", nil},
		{told{name: "free, and no answer", status: 502, code: "upstream_failed", ours: true}, "/free/x?answer=none", nil},
		{told{name: "of a trusted proxy", status: 401, code: "key_missing", ours: true, id: "Lb.1_2-3"}, "/ask", []string{"X-Request-Id", "Lb.1_2-3", "X-Forwarded-For", "192.0.2.7"}},
	} {
		f.ask(row.told, http.MethodGet, f.proxy+row.target, "", row.fields...)
	}
	for range 4 {
		f.ask(told{name: "the rest", status: 200, code: "ok", key: true}, http.MethodGet, f.proxy+"/ask", "", key...)
	}
	f.ask(told{name: "over the limit", status: 429, code: "quota_exceeded", limit: "requests-day", key: true, ours: true}, http.MethodGet, f.proxy+"/ask", "", key...)
}

func (f *accessFixture) askVerifyAPI() {
	token := []string{"Authorization", "Bearer " + f.token, "Content-Type", "application/json"}
	unknown := "/v1/reservations/" + ration.NewReservationID().String()
	for _, row := range []struct {
		told
		target, body string
		fields       []string
	}{
		{told{name: "no token", status: 401, code: "token_missing", ours: true}, "/v1/verify", `{}`, nil},
		{told{name: "bad token", status: 401, code: "token_invalid", ours: true}, "/v1/verify", `{}`, []string{"Authorization", "Bearer canary-s3cret"}},
		{told{name: "no such path", status: 404, code: "no_such_route", ours: true}, "/v2/canary-t0ken", `{}`, token},
		{told{name: "not JSON", status: 400, code: "invalid_body", ours: true}, "/v1/verify", `{"canary`, token},
		{told{name: "too large", status: 413, code: "body_too_large", ours: true}, "/v1/verify", strings.Repeat(" ", 70_000), token},
		{told{name: "another type", status: 415, code: "unsupported_media_type", ours: true}, "/v1/verify", `{}`, token[:2]},
		{told{name: "impossible", status: 422, code: "invalid_value", ours: true}, "/v1/verify", `{"secret":"` + f.secret + `","amounts":{"requests":-1}}`, token},
		{told{name: "a decision", status: 200, code: "quota_exceeded", limit: "requests-day", key: true, ours: true}, "/v1/verify", `{"secret":"` + f.secret + `"}`, token},
		{told{name: "an unknown secret", status: 200, code: "key_unknown", ours: true}, "/v1/verify", `{"secret":"canary-s3cret"}`, token},
		{told{name: "nothing reserved", status: 200, code: "quota_exceeded", limit: "requests-day", key: true, ours: true}, "/v1/reservations", `{"secret":"` + f.secret + `"}`, token},
		{told{name: "unknown reservation", status: 404, code: "reservation_unknown", ours: true}, unknown + "/settle", `{}`, token},
		{told{name: "of a trusted proxy", status: 401, code: "token_missing", ours: true, id: "Lb.1_2-4"}, "/v1/verify", `{}`, []string{"X-Request-Id", "Lb.1_2-4"}},
	} {
		f.ask(row.told, http.MethodPost, f.server.api+row.target, row.body, row.fields...)
	}
}

// askWithIDs sends ids that nobody may have in a log.
func (f *accessFixture) askWithIDs() {
	for _, id := range []string{"canary two", `canary"`, "canary=1", "canary\tx", "canary\u00fc", strings.Repeat("canary", 30)} {
		f.ask(told{name: "id of another form", status: 401, code: "key_missing", ours: true}, http.MethodGet, f.proxy+"/ask", "", "X-Request-Id", id)
		f.ask(told{name: "id of another form", status: 401, code: "token_missing", ours: true}, http.MethodPost, f.server.api+"/v1/verify", "{}", "X-Request-Id", id)
	}
}

// line is a line of the access log, or of a refusal.
type line struct {
	Msg        string
	Via        string
	RequestID  string `json:"request_id"`
	Route      string
	Code       string
	KeyID      string `json:"key_id"`
	Limit      string
	Method     string
	Status     int
	Client     string
	Refunded   bool
	FailedOpen bool `json:"failed_open"`
}

// linesByRequest returns the lines of a message, by request id, and checks that each has one.
func linesByRequest(t *testing.T, text, message string) map[string]line {
	t.Helper()
	found := make(map[string]line)
	for text := range strings.Lines(text) {
		var got line
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if got.Msg != message {
			continue
		}
		if _, double := found[got.RequestID]; double || got.RequestID == "" {
			t.Errorf("a second line of a request, or one without id: %s", text)
		}
		found[got.RequestID] = got
	}
	return found
}

// TestEveryAnswerIsFoundByItsRequestID, in the access log and, if Ration refused it,
// among the lines for those who debug.
func TestEveryAnswerIsFoundByItsRequestID(t *testing.T) {
	f := newAccessFixture(t)
	f.askProxy()
	f.askVerifyAPI()
	f.askWithIDs()
	said := f.server.stop()
	access, refusals := linesByRequest(t, said.stdout, "answered"), linesByRequest(t, said.stderr, "a request was refused")
	ours := 0
	for _, want := range f.answers {
		got, logged := access[want.id]
		if !logged || got.Status != want.status || got.Code != want.code || got.Limit != want.limit || (got.KeyID != "") != want.key || got.Method == "" || got.Client == "" {
			t.Errorf("%s: the access log has %+v", want.name, got)
		}
		if got.Refunded != (want.name == "given back") {
			t.Errorf("%s: refunded is %v", want.name, got.Refunded)
		}
		refused, logged := refusals[want.id]
		if want.ours {
			ours++
		}
		if logged != want.ours || logged && (refused.Code != want.code || refused.Limit != want.limit || refused.KeyID != got.KeyID || refused.Status < 400 || refused.Via == "") {
			t.Errorf("%s: at debug level there is %+v", want.name, refused)
		}
	}
	if len(access) != len(f.answers) || len(refusals) != ours {
		t.Errorf("%d lines and %d refusals for %d answers and %d refusals", len(access), len(refusals), len(f.answers), ours)
	}
	if got := access["Lb.1_2-3"]; got.Client != "192.0.2.7" || got.Route != "/ask" || got.Via != "proxy" {
		t.Errorf("of a trusted proxy the log has %+v", got)
	}
	if got := access["Lb.1_2-4"]; got.Route != "/v1/verify" || got.Via != "verify" {
		t.Errorf("of the verify API the log has %+v", got)
	}
	for _, canary := range []string{f.secret, f.token, "canary"} {
		if strings.Contains(said.stdout+said.stderr, canary) {
			t.Errorf("the logs have %s", canary)
		}
	}
}

// TestAccessLogIsOffUnlessAskedFor, since it has the addresses of clients.
func TestAccessLogIsOffUnlessAskedFor(t *testing.T) {
	server := startServer(t, nil, "--db", "sqlite:"+filepath.Join(t.TempDir(), "ration.db"))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.api+"/v1/verify", nil)
	if err != nil {
		t.Fatal(err)
	}
	answerTo(t, request)
	if said := server.stop(); strings.Contains(said.stdout+said.stderr, "answered") || strings.Contains(said.stdout+said.stderr, "refused") {
		t.Errorf("the server says %s%s", said.stdout, said.stderr)
	}
}
