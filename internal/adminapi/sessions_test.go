package adminapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Somebody logs in with a link that the API has made, is listed, and logged out.
func TestSessions(t *testing.T) {
	s := serve(t)
	response, issued := s.call("POST", "/login-links", `{"for":"a'b%_\"ß","scopes":["read"],"owners":["acme"],"valid_seconds":60}`)
	if response.StatusCode != http.StatusCreated || issued["url"] != nil || issued["login_link"].(map[string]any)["for"] != `a'b%_"ß` {
		t.Fatalf("%d %v", response.StatusCode, issued)
	}
	service := admin.New(s.store, admin.Config{})
	begun, err := service.LogInWithLink(t.Context(), ration.SecretFromText(issued["code"].(string)), admin.Login{From: "203.0.113.7"})
	if err != nil {
		t.Fatal(err)
	}
	list := func(query string, want int) {
		t.Helper()
		if _, page := s.call("GET", "/sessions"+query, ""); len(page["items"].([]any)) != want {
			t.Errorf("%s: %v, want %d", query, page, want)
		}
	}
	list("", 1)
	id := begun.Session.ID.String()
	response, ended := s.call("DELETE", "/sessions/"+id, "")
	if response.StatusCode != http.StatusOK || ended["ended_at"] == nil || ended["actor"] != `user:a'b%_"ß` {
		t.Errorf("%d %v", response.StatusCode, ended)
	}
	if response, again := s.call("DELETE", "/sessions/"+id, ""); response.StatusCode != http.StatusOK || again["ended_at"] != ended["ended_at"] {
		t.Errorf("again: %d %v", response.StatusCode, again)
	}
	list("", 0)
	list("?over=true", 1)
	if _, err := service.LogInUser(t.Context(), admin.User{Name: "b", Scopes: []string{"read"}}, admin.Login{}); err != nil {
		t.Fatal(err)
	}
	_, page := s.call("GET", "/sessions?over=true&limit=1", "")
	list("?over=true&limit=1&cursor="+page["next_cursor"].(string), 1)

	for _, path := range []string{"x", strings.ToUpper(id), "01a22b3f-15c1-7e4d-b166-e92af976dc39", "00000000-0000-0000-0000-000000000000"} {
		if response, problem := s.call("DELETE", "/sessions/"+path, ""); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %v", path, response.StatusCode, problem)
		}
	}
	for _, body := range []string{
		`{"scopes":["read"]}`, `{"for":"a","scopes":["verify"]}`, `{"for":"a","valid_seconds":59}`, `{"for":"a","valid_seconds":86401}`, `{"for":"a","owners":["b"]}`, `{"for":""}`,
	} {
		if response, problem := s.call("POST", "/login-links", body); response.StatusCode < 400 || response.StatusCode >= 500 {
			t.Errorf("%s: %d %v", body, response.StatusCode, problem)
		}
	}
}
