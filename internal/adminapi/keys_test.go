package adminapi_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAKeyIsCreatedChangedAndRead(t *testing.T) {
	s := serve(t)
	s.call("POST", "/plans", `{"name":"free","limits":["10/day"]}`)
	id := s.key(`{"name":"Ada","owner":"ada@example.com","plan":"free","scopes":["search"],"allowed_ips":["10.0.0.0/8"],"metadata":{"a":"1","b":"2"},` +
		`"expires_at":"2040-01-01T00:00:00+01:00","limits":[{"limit":"20/day"},{"limit":"unlimited tokens/month"}]}`)
	response, before := s.call("GET", "/keys/"+id, "")
	if before["expires_at"] != "2039-12-31T23:00:00Z" || len(before["overrides"].([]any)) != 2 {
		t.Errorf("created %v", before)
	}
	response, after := s.call("PATCH", "/keys/"+id, `{"owner":null,"plan":null,"expires_at":null,"scopes":null,"allowed_ips":null,"metadata":{"a":null},"clear_limits":["day"]}`,
		"If-Match", response.Header.Get("ETag"))
	got := map[string]any{}
	for _, name := range []string{"name", "owner", "plan", "expires_at", "scopes", "allowed_ips", "metadata"} {
		got[name] = after[name]
	}
	want := map[string]any{
		"name": "Ada", "owner": "", "plan": "", "expires_at": nil, "scopes": []any{}, "allowed_ips": []any{}, "metadata": map[string]any{"b": "2"},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(after["overrides"].([]any)) != 1 {
		t.Errorf("after the change (-want +got):\n%s%v", diff, after["overrides"])
	}
	stale := response.Header.Get("ETag")
	if response, answer := s.call("PATCH", "/keys/"+id, `{"name":"Eve"}`, "If-Match", stale); response.StatusCode != 200 || answer["name"] != "Eve" {
		t.Errorf("a change of the version that was read: %d %v", response.StatusCode, answer)
	}
	if response, answer := s.call("PATCH", "/keys/"+id, `{"name":"Bob"}`, "If-Match", stale); response.StatusCode != 412 {
		t.Errorf("a change of the version before: %d %v", response.StatusCode, answer)
	}
	if _, answer := s.call("GET", "/keys/"+id, ""); answer["name"] != "Eve" {
		t.Errorf("name %v, want that of the last change that was made", answer["name"])
	}
}

func TestPagesHaveEachKeyOnce(t *testing.T) {
	s := serve(t)
	var want []string
	for i := range 7 {
		want = append(want, s.key(fmt.Sprintf(`{"name":"%d","owner":"acme"}`, i)))
		s.key(`{"name":"other"}`)
	}
	var got []string
	for path, pages := "/keys?owner=acme&limit=3", 0; path != ""; pages++ {
		_, page := s.call("GET", path, "")
		for _, key := range page["items"].([]any) {
			got = append(got, key.(map[string]any)["id"].(string))
		}
		path = ""
		if next, more := page["next_cursor"].(string); more {
			path = "/keys?owner=acme&limit=3&cursor=" + next
		}
		if pages > 3 {
			t.Fatal("the pages don't end")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-created +listed):\n%s", diff)
	}
}

func TestStatusOfAKey(t *testing.T) {
	s := serve(t)
	id := s.key(`{"name":"Ada"}`)
	for _, row := range []struct {
		action string
		status int
		want   any
	}{
		{"disable", 200, "disabled"}, {"disable", 200, "disabled"}, {"enable", 200, "active"}, {"revoke", 200, "revoked"}, {"revoke", 200, "revoked"}, {"enable", 409, 409.0},
	} {
		if response, answer := s.call("POST", "/keys/"+id+"/"+row.action, ""); response.StatusCode != row.status || answer["status"] != row.want {
			t.Errorf("%s: %d %v", row.action, response.StatusCode, answer)
		}
	}
	_, log := s.call("GET", "/audit?target="+id, "")
	if entries := log["items"].([]any); len(entries) != 4 {
		t.Errorf("%d entries in the audit log, want one for each change: %v", len(entries), entries)
	}
}
