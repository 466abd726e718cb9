package adminapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// ask asks for a key, which the admin API can't.
func (s *served) ask(email string) admin.AskedKey {
	s.t.Helper()
	asked, err := admin.New(s.store, admin.Config{}).AskForKey(s.t.Context(), admin.KeyAsking{Name: "<script>", Email: email, Reason: "a'b%_"})
	if err != nil {
		s.t.Fatal(err)
	}
	return asked
}

func TestKeyRequests(t *testing.T) {
	s := serve(t)
	s.must(s.call("POST", "/plans", `{"name":"free","limits":["5/day"]}`))
	approved, rejected, pending := s.ask("ada@example.com"), s.ask("bob@example.com"), s.ask("cy@example.com")
	at := func(asked admin.AskedKey) string { return "/key-requests/" + asked.Request.KeyID.String() }

	response, key := s.call("POST", at(approved)+"/approve", `{"plan":"free"}`)
	if key["status"] != "active" || key["owner"] != "ada@example.com" || key["plan"] != "free" || response.Header.Get("ETag") == "" {
		t.Errorf("approved %v", key)
	}
	for _, again := range []struct{ path, body string }{{"/approve", `{"plan":"free"}`}, {"/reject", `{"reason":"no"}`}} {
		response, problem := s.call("POST", at(approved)+again.path, again.body)
		if detail, _ := problem["detail"].(string); response.StatusCode != http.StatusConflict || !strings.Contains(detail, "was approved by token:test at 20") {
			t.Errorf("%s again: %d %v", again.path, response.StatusCode, problem)
		}
	}
	if _, key := s.call("POST", at(rejected)+"/reject", `{"reason":"write from\nyour company"}`); key["status"] != "rejected" {
		t.Errorf("rejected %v", key)
	}
	_, shown := s.call("GET", at(rejected), "")
	if shown["state"] != "rejected" || shown["decided_by"] != "token:test" || shown["decision_reason"] != "write from your company" || shown["name"] != "<script>" || shown["reason"] != "a'b%_" {
		t.Errorf("shown %v", shown)
	}
	for path, want := range map[string][]admin.AskedKey{
		"/key-requests": {pending, rejected, approved}, "/key-requests?state=pending": {pending}, "/key-requests?state=approved": {approved},
		"/key-requests?state=rejected": {rejected}, "/key-requests?state=expired": nil, "/key-requests?limit=2": {pending, rejected},
	} {
		_, page := s.call("GET", path, "")
		var ids []string
		for _, item := range page["items"].([]any) {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		var wanted []string
		for _, asked := range want {
			wanted = append(wanted, asked.Request.KeyID.String())
		}
		if !slices.Equal(ids, wanted) {
			t.Errorf("%s has %v, want %v", path, ids, wanted)
		}
		if next, more := page["next_cursor"].(string); more {
			if _, last := s.call("GET", path+"&cursor="+next, ""); len(last["items"].([]any)) != 1 || last["next_cursor"] != nil {
				t.Errorf("the last page is %v", last)
			}
		}
	}
}

func TestKeyRequestsThatAreRefused(t *testing.T) {
	s := serve(t)
	asked := s.ask("ada@example.com").Request.KeyID.String()
	none := ration.NewKeyID().String()
	for _, row := range []struct {
		method, path, body string
		status             int
		pointer            string
	}{
		{"POST", asked + "/approve", `{}`, 422, "/plan"},
		{"POST", asked + "/approve", `{"plan":"unheard-of"}`, 404, ""},
		{"POST", asked + "/approve", `{"plan":"free","ovner":"x"}`, 400, "/ovner"},
		{"POST", asked + "/approve", `{"unlimited":true,"owner":"a\u202eb"}`, 422, "/owner"},
		{"POST", asked + "/reject", `{"reason":""}`, 422, "/reason"},
		{"POST", asked + "/reject", `{"reason":"` + strings.Repeat("x", admin.MaxReasonLength+1) + `"}`, 422, "/reason"},
		{"POST", none + "/approve", `{"unlimited":true}`, 404, ""},
		{"POST", none + "/reject", `{"reason":"no"}`, 404, ""},
		{"GET", none, "", 404, ""},
		{"GET", "x", "", 404, ""},
	} {
		response, problem := s.call(row.method, "/key-requests/"+row.path, row.body)
		pointer := ""
		if faults, found := problem["errors"].([]any); found {
			pointer, _ = faults[0].(map[string]any)["pointer"].(string)
		}
		if response.StatusCode != row.status || pointer != row.pointer {
			t.Errorf("%s %s %s: %d %v", row.method, row.path, row.body, response.StatusCode, problem)
		}
	}
	if _, shown := s.call("GET", "/key-requests/"+asked, ""); shown["state"] != "pending" {
		t.Errorf("after all of that it is %v", shown)
	}
}

func TestPickupLinks(t *testing.T) {
	s := serve(t)
	_, made := s.call("POST", "/keys", `{"name":"Ada","pickup":true,"label":"laptop"}`)
	pickup, _ := made["pickup"].(map[string]any)
	if _, hasSecret := made["secret"]; hasSecret || pickup["label"] != "laptop" || !strings.HasPrefix(pickup["code"].(string), "rk_pickup_") {
		t.Fatalf("created %v", made)
	}
	for _, until := range []string{"2000-01-01T00:00:00Z", "2099-01-01T00:00:00Z"} {
		if response, problem := s.call("POST", "/keys", `{"name":"Ada","pickup":true,"pickup_until":"`+until+`"}`); response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("a link until %s: %d %v", until, response.StatusCode, problem)
		}
	}
	id := made["key"].(map[string]any)["id"].(string)
	response, another := s.call("POST", "/keys/"+id+"/pickup-links", `{"expires_at":"2099-01-01T00:00:00Z"}`)
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a link for ever: %d %v", response.StatusCode, another)
	}
	response, another = s.call("POST", "/keys/"+id+"/pickup-links", `{}`)
	if response.StatusCode != http.StatusCreated || another["key"] != id || another["label"] != "default" {
		t.Errorf("another link: %d %v", response.StatusCode, another)
	}
	if _, err := admin.New(s.store, admin.Config{}).PickUp(t.Context(), ration.SecretFromText(another["code"].(string))); err != nil {
		t.Error(err)
	}
	if response, problem := s.call("POST", "/keys/"+id+"/pickup-links", `{}`); response.StatusCode != http.StatusConflict || problem["code"] != "exists" {
		t.Errorf("a link for a label in use: %d %v", response.StatusCode, problem)
	}
}
