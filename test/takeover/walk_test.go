package takeover_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestClientsSeeNoDifference walks the calls of clients twice: to the app alone,
// and to the app behind Ration. Every status, content type and byte is the same.
func TestClientsSeeNoDifference(t *testing.T) {
	alone, behind := startAlone(t, filepath.Join(t.TempDir(), "app.db")), moveIn(t)
	for _, row := range []struct {
		name, method, target, key, body string
		status                          int
	}{
		{"a free page", "GET", "/", "", "", 200},
		{"a free page with a key", "GET", "/dashboard", adaKey, "", 200},
		{"a page of the admin", "GET", "/admin/keys", "", "", 200},
		{"a static file", "GET", "/static/app.js", "", "", 200},
		{"a hook", "POST", "/webhook", "", "{}", 200},
		{"no key", "POST", "/ask?question=hi", "", "", 401},
		{"unknown key", "POST", "/ask?question=hi", "nobody's", "", 401},
		{"disabled key", "POST", "/ask?question=hi", bobKey, "", 401},
		{"denied key", "POST", "/ask?question=hi", eveKey, "", 401},
		{"pending key", "POST", "/ask?question=hi", mayKey, "", 401},
		{"first question", "POST", "/ask?question=hi", adaKey, "", 200},
		{"second question", "POST", "/ask-llm?question=%C3%A4", adaKey, "", 200},
		{"third question", "POST", "/ask-llm-prompted", adaKey, `{"question":"\"q\" <b>"}`, 200},
		{"one too many", "POST", "/debug?code=x&context=1", adaKey, "", 429},
		{"another key of the same name", "POST", "/debug?code=x&context=1", otherAda, "", 200},
		{"body that is no question", "POST", "/ask-llm-prompted", otherAda, "x", 400},
		{"question that isn't there", "POST", "/ask", otherAda, "", 422},
		{"key of the env file", "POST", "/ask?question=hi", envKey, "", 200},
		{"crash", "POST", "/ask?question=crash", envKey, "", 500},
		{"another model", "POST", "/change-model?model=m&api_key=" + adminKey + "&password=open+sesame", "", "", 200},
		{"wrong password", "POST", "/change-model?model=m&api_key=" + adminKey + "&password=x", "", "", 401},
		{"without the permission", "POST", "/change-model?model=m&api_key=" + envKey + "&password=open+sesame", "", "", 403},
		{"another model without a key", "POST", "/change-model?model=m&password=open+sesame", "", "", 401},
		{"another model counts nothing", "POST", "/ask?question=hi", adminKey, "", 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := call(t, alone, row.method, row.target, row.key, row.body)
			got := call(t, behind.ProxyURL, row.method, row.target, row.key, row.body)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(answer{})); diff != "" {
				t.Errorf("behind Ration (-app alone +behind Ration):\n%s", diff)
			}
			if got.Status != row.status {
				t.Errorf("status %d, want %d", got.Status, row.status)
			}
			if retry, err := strconv.Atoi(got.header.Get("Retry-After")); got.Status == 429 && (err != nil || retry < 1 || got.header.Get("RateLimit") == "") {
				t.Errorf("Retry-After %q, RateLimit %q", got.header.Get("Retry-After"), got.header.Get("RateLimit"))
			}
		})
	}
}

// TestErrorBodies spells the app's errors out, so that both sides can't be wrong together.
func TestErrorBodies(t *testing.T) {
	r := moveIn(t)
	for range 3 {
		r.call(adaKey, "/ask?question=hi")
	}
	for _, row := range []struct {
		key, want string
		status    int
	}{
		{"", `{"detail":"API key is missing"}`, http.StatusUnauthorized},
		{"nobody's", `{"detail":"Invalid API key"}`, http.StatusUnauthorized},
		{adaKey, `{"detail":"Daily request quota exceeded"}`, http.StatusTooManyRequests},
	} {
		if got := r.call(row.key, "/ask?question=hi"); got.Status != row.status || got.Body != row.want {
			t.Errorf("got %d %s, want %d %s", got.Status, got.Body, row.status, row.want)
		}
	}
}
