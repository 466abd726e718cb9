package adminapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrongRequestsSayWhatIsWrong(t *testing.T) {
	s := serve(t)
	id := s.key(`{"name":"Ada"}`)
	if response, answer := s.call("POST", "/plans", `{"name":"free","limits":["10/day"]}`); response.StatusCode != http.StatusCreated {
		t.Fatalf("%d %v", response.StatusCode, answer)
	}
	ifMatch := []string{"If-Match", "*"}
	for _, row := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code, pointer            string // of the first fault; "-": the answer has none
	}{
		{"no JSON", "PATCH", "/keys/" + id, `{"plan":`, ifMatch, 400, "invalid_body", ""},
		{"two values", "PATCH", "/keys/" + id, `{} {}`, ifMatch, 400, "invalid_body", ""},
		{"a member twice", "PATCH", "/keys/" + id, `{"plan":"free","plan":"pro"}`, ifMatch, 400, "invalid_body", ""},
		{"a member twice, with other escapes", "PATCH", "/keys/" + id, `{"plan":"free","pl\u0061n":"pro"}`, ifMatch, 400, "invalid_body", ""},
		{"no UTF-8", "PATCH", "/keys/" + id, "{\"plan\":\"\xff\"}", ifMatch, 400, "invalid_body", ""},
		{"no object", "PATCH", "/keys/" + id, `[]`, ifMatch, 400, "invalid_body", ""},
		{"no body", "PATCH", "/keys/" + id, ``, ifMatch, 400, "invalid_body", ""},
		{"very deep", "PATCH", "/keys/" + id, strings.Repeat(`{"metadata":`, 20_000), ifMatch, 400, "invalid_body", ""},
		{"an unknown member", "PATCH", "/keys/" + id, `{"nme":"B"}`, ifMatch, 400, "invalid_body", "/nme"},
		{"a member in capitals", "PATCH", "/keys/" + id, `{"Owner":null}`, ifMatch, 400, "invalid_body", "/Owner"},
		{"a member twice, once in capitals", "PATCH", "/keys/" + id, `{"owner":"1","Owner":"2"}`, ifMatch, 400, "invalid_body", "/Owner"},
		{"null for what can't be taken away", "PATCH", "/keys/" + id, `{"name":null}`, ifMatch, 400, "invalid_body", "/name"},
		{"null for all metadata", "PATCH", "/keys/" + id, `{"metadata":null}`, ifMatch, 400, "invalid_body", "/metadata"},
		{"null for a plan's mark", "PATCH", "/plans/free", `{"unlimited":null}`, ifMatch, 400, "invalid_body", "/unlimited"},
		{"null in a patch of many keys", "POST", "/keys/changes", `{"all":true,"action":"update","patch":{"set_limits":null}}`, nil, 400, "invalid_body", "/patch/set_limits"},
		{"another type", "POST", "/keys", `{"name":7}`, nil, 400, "invalid_body", "/name"},
		{"another type below", "POST", "/keys", `{"name":"a","metadata":{"a/b~c":1}}`, nil, 400, "invalid_body", "/metadata/a~1b~0c"},
		{"a member is missing", "POST", "/keys", `{}`, nil, 400, "invalid_body", ""},
		{"another content type", "POST", "/keys", `{"name":"a"}`, []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "-"},
		{"too large", "POST", "/keys", `{"name":"` + strings.Repeat("a", 2<<20) + `"}`, nil, 413, "body_too_large", "-"},
		{"an empty name", "POST", "/keys", `{"name":""}`, nil, 422, "invalid_value", "/name"},
		{"a name of 10,000 characters", "POST", "/keys", `{"name":"` + strings.Repeat("a", 10_000) + `"}`, nil, 422, "invalid_value", "/name"},
		{"a name with a control character", "POST", "/keys", `{"name":"a\u0007b"}`, nil, 422, "invalid_value", "/name"},
		{"a name with NUL", "POST", "/keys", `{"name":"a\u0000b"}`, nil, 422, "invalid_value", "/name"},
		{"a name that turns the reading direction", "POST", "/keys", `{"name":"a\u202eb"}`, nil, 422, "invalid_value", "/name"},
		{"an amount that is negative", "POST", "/keys/" + id + "/explain", `{"amounts":{"requests":-1}}`, nil, 422, "invalid_value", "/amounts/requests"},
		{"an amount of 2^53+1", "POST", "/keys/" + id + "/explain", `{"amounts":{"requests":9007199254740993}}`, nil, 422, "invalid_value", "/amounts/requests"},
		{"a label that overlaps for too long", "POST", "/keys/" + id + "/rotate", `{"overlap":-1}`, nil, 422, "invalid_value", "/overlap"},
		{"a limit that is none", "POST", "/plans", `{"name":"x","limits":["1/day","10/dai"]}`, nil, 422, "invalid_value", "/limits/1"},
		{"a limit of a plan below", "POST", "/plans/apply", `{"plans":[{"name":"x"},{"name":"y","limits":["ten/day"]}]}`, nil, 422, "invalid_value", "/plans/1/limits/0"},
		{"an override that is none", "POST", "/keys", `{"name":"a","limits":[{"limit":"10/day"},{"limit":"x"}]}`, nil, 422, "invalid_value", "/limits/1/limit"},
		{"no time", "POST", "/keys", `{"name":"a","expires_at":"tomorrow"}`, nil, 422, "invalid_value", "/expires_at"},
		{"a time without a zone", "POST", "/keys", `{"name":"a","expires_at":"2040-01-01T00:00:00"}`, nil, 422, "invalid_value", "/expires_at"},
		{"a year beyond 9999", "POST", "/keys", `{"name":"a","expires_at":"10000-01-01T00:00:00Z"}`, nil, 422, "invalid_value", "/expires_at"},
		{"a time that has passed", "POST", "/keys", `{"name":"a","expires_at":"2001-01-01T00:00:00Z"}`, nil, 422, "invalid_value", "/expires_at"},
		{"an unknown plan", "POST", "/keys", `{"name":"a","plan":"pro"}`, nil, 404, "not_found", "-"},
		{"an unknown key", "GET", "/keys/key_01a229ca-0000-7000-8000-000000000000", ``, nil, 404, "not_found", "-"},
		{"no key's id", "GET", "/keys/7", ``, nil, 404, "not_found", "-"},
		{"a name that is taken", "POST", "/plans", `{"name":"free"}`, nil, 409, "exists", "-"},
		{"no precondition", "PATCH", "/keys/" + id, `{"name":"B"}`, nil, 428, "precondition_required", "-"},
		{"an old version", "PATCH", "/keys/" + id, `{"name":"B"}`, []string{"If-Match", `"abc"`}, 412, "changed", "-"},
		{"a version that never was", "PATCH", "/keys/" + id, `{"name":"B"}`, []string{"If-Match", `W/"x"`}, 412, "changed", "-"},
		{"an unknown parameter", "GET", "/keys?limt=1", ``, nil, 400, "invalid_body", "?limt"},
		{"a page of nothing", "GET", "/keys?limit=0", ``, nil, 400, "invalid_body", "?limit"},
		{"a page of everything", "GET", "/keys?limit=1000000000", ``, nil, 400, "invalid_body", "?limit"},
		{"a cursor of nobody", "GET", "/keys?cursor=abc", ``, nil, 400, "invalid_body", "?cursor"},
		{"an unknown status", "GET", "/keys?status=open", ``, nil, 400, "invalid_body", "?status"},
		{"a date that is none", "GET", "/usage?from=2030-02-31", ``, nil, 400, "invalid_body", "?from"},
		{"another method", "PUT", "/keys", ``, nil, 405, "method_not_allowed", "-"},
		{"no path", "GET", "/kyes", ``, nil, 404, "no_such_route", "-"},
	} {
		t.Run(row.name, func(t *testing.T) {
			response, answer := s.with(t).call(row.method, row.path, row.body, row.header...)
			pointer := "-"
			if faults, ok := answer["errors"].([]any); ok {
				pointer, _ = faults[0].(map[string]any)["pointer"].(string)
			}
			if response.StatusCode != row.status || answer["code"] != row.code || pointer != row.pointer {
				t.Errorf("%d, code %v, pointer %q; want %d, %s, %q\n%v", response.StatusCode, answer["code"], pointer, row.status, row.code, row.pointer, answer)
			}
			if response.Header.Get("Content-Type") != "application/problem+json" || answer["request_id"] != response.Header.Get("X-Request-Id") {
				t.Errorf("header %v, answer %v", response.Header, answer)
			}
		})
	}
	if _, answer := s.call("GET", "/keys", ""); len(answer["items"].([]any)) != 1 {
		t.Errorf("keys %v; want none that a refused request made", answer)
	}
}

// Names that mean something elsewhere are names.
func TestHostileNamesAreNames(t *testing.T) {
	s := serve(t)
	for _, name := range []string{"<script>alert(1)</script>", `=cmd|'/c calc'!A0`, "../../etc/passwd", "'; DROP TABLE api_keys; --", "${jndi:ldap://x}", "%00", "a\"b\\c", "名前 👩‍💻"} {
		body, err := json.Marshal(map[string]string{"name": name, "owner": name})
		if err != nil {
			t.Fatal(err)
		}
		_, answer := s.call("GET", "/keys/"+s.key(string(body)), "")
		if answer["name"] != name || answer["owner"] != name {
			t.Errorf("name %q, owner %q; want %q", answer["name"], answer["owner"], name)
		}
		if _, answer := s.call("GET", "/keys?owner="+url.QueryEscape(name), ""); len(answer["items"].([]any)) != 1 {
			t.Errorf("%q owns %v", name, answer)
		}
	}
}

// Revoking twice gives the same answer, and is written down once.
func TestRevokingTwiceIsOneChange(t *testing.T) {
	s := serve(t)
	id := s.key(`{"name":"Ada"}`)
	_, first := s.call("POST", "/keys/"+id+"/revoke", "")
	response, second := s.call("POST", "/keys/"+id+"/revoke", "")
	if diff := cmp.Diff(first, second); diff != "" || response.StatusCode != http.StatusOK {
		t.Errorf("%d (-first +second):\n%s", response.StatusCode, diff)
	}
	if _, log := s.call("GET", "/audit?target="+id, ""); len(log["items"].([]any)) != 2 {
		t.Errorf("audit log %v; want the creation and one revocation", log)
	}
}
