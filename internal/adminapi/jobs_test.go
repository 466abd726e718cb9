package adminapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/admin"
)

// TestAJobIsStartedShownAndCancelled does what a caller does who doesn't wait.
func TestAJobIsStartedShownAndCancelled(t *testing.T) {
	s := serve(t)
	for i := range 3 {
		s.key(fmt.Sprintf(`{"name":"%d","owner":"a'b%%_","metadata":{"a":"1"}}`, i))
	}
	response, job := s.call("POST", "/jobs", `{"change_keys":{"filter":{"owner":"a'b%_"},"action":"update","patch":{"owner":null}}}`)
	at, found := strings.CutPrefix(response.Header.Get("Location"), "/v1/admin")
	if response.StatusCode != http.StatusAccepted || !found || job["state"] != "queued" || job["done"] != 0.0 {
		t.Fatalf("started: %d %v %v", response.StatusCode, response.Header, job)
	}
	run, err := admin.New(s.store, admin.Config{}).TakeJob(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if goesOn, err := run.Step(t.Context()); goesOn || err != nil {
		t.Fatalf("the job goes on: %v, %v", goesOn, err)
	}
	_, job = s.call("GET", at, "")
	want := map[string]any{"state": "done", "kind": "keys.change", "action": "update", "done": 3.0, "filter": map[string]any{"owner": "a'b%_"}, "counts": map[string]any{"changed": 3.0, "no_limit": 3.0}}
	got := map[string]any{}
	for name := range want {
		got[name] = job[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	if _, page := s.call("GET", "/keys?owner=", ""); len(page["items"].([]any)) != 3 || page["items"].([]any)[0].(map[string]any)["owner"] != "" {
		t.Errorf("keys %v", page)
	}
	response, _ = s.call("POST", "/jobs", `{"import_usage":{"days":[]}}`)
	second := strings.TrimPrefix(response.Header.Get("Location"), "/v1/admin")
	for range 2 {
		if response, job := s.call("POST", second+"/cancel", ""); response.StatusCode != 200 || job["state"] != "cancelled" {
			t.Errorf("cancelled: %d %v", response.StatusCode, job)
		}
	}
	for path, want := range map[string]int{"/jobs": 2, "/jobs?state=done": 1, "/jobs?state=cancelled&limit=1": 1, "/jobs?state=failed": 0} {
		if _, page := s.call("GET", path, ""); len(page["items"].([]any)) != want {
			t.Errorf("%s: %v", path, page)
		}
	}
	_, page := s.call("GET", "/jobs?limit=1", "")
	if next, _ := page["next_cursor"].(string); next == "" {
		t.Errorf("no second page: %v", page)
	} else if _, page := s.call("GET", "/jobs?limit=1&cursor="+next, ""); len(page["items"].([]any)) != 1 || page["next_cursor"] != nil {
		t.Errorf("second page %v", page)
	}
}

// TestJobsThatAreRefused names what is wrong by its place in the body.
func TestJobsThatAreRefused(t *testing.T) {
	s := serve(t)
	for body, want := range map[string]string{
		`{}`:                   "",
		`null`:                 "",
		`{"change_keys":null}`: "",
		`{"change_keys":{"all":true,"action":"disable"},"import_usage":{"days":[]}}`:                                           "",
		`{"change_keys":{"action":"disable"}}`:                                                                                 "/change_keys/filter",
		`{"change_keys":{"all":true,"action":"sell"}}`:                                                                         "/change_keys/action",
		`{"change_keys":{"all":true,"action":"disable","dry_run":true}}`:                                                       "/change_keys/dry_run",
		`{"change_keys":{"all":true,"action":"disable","limit":5}}`:                                                            "/change_keys/filter",
		`{"change_keys":{"all":true,"action":"disable","cursor":"x"}}`:                                                         "/change_keys/cursor",
		`{"change_keys":{"all":true,"action":"update","patch":{"set_limits":[{"limit":"5/aeon"}]}}}`:                           "/change_keys/patch/set_limits/0/limit",
		`{"import_keys":{"keys":[{"name":"a","secret":"a-secret-of-theirs-1","sha256":"00"}]}}`:                                "/import_keys/keys/0/sha256",
		`{"import_keys":{"keys":[{"name":"a","secret":"a-secret-of-theirs-1"},{"name":"b","secret":"a-secret-of-theirs-1"}]}}`: "/import_keys/secret",
		`{"import_usage":{"days":[{"key":"k","date":"2026-01-01","used":1}]}}`:                                                 "/import_usage/days/0/key",
		`{"more":1}`: "/more",
	} {
		response, problem := s.call("POST", "/jobs", body)
		if response.StatusCode != http.StatusBadRequest && response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %v", body, response.StatusCode, problem)
			continue
		}
		errors, _ := problem["errors"].([]any)
		if len(errors) == 0 || errors[0].(map[string]any)["pointer"] != want && body != "null" {
			t.Errorf("%s: %v, want pointer %q", body, problem, want)
		}
		if strings.Contains(fmt.Sprint(problem), "theirs") {
			t.Errorf("%s: the problem has the secret: %v", body, problem)
		}
	}
	for _, path := range []string{"/jobs/x", "/jobs/00000000-0000-0000-0000-000000000000", "/jobs/01A22B3F-15C1-7E4D-B166-E92AF976DC39", "/jobs/%00"} {
		if response, answer := s.call("GET", path, ""); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %v", path, response.StatusCode, answer)
		}
	}
	if response, answer := s.call("GET", "/jobs?state=sold", ""); response.StatusCode < 400 || response.StatusCode >= 500 {
		t.Errorf("an unknown state: %d %v", response.StatusCode, answer)
	}
}
