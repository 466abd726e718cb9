package adminapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api/openapi"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
)

// documented is what a test reads of the document.
type documented struct {
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		RequestBody struct {
			Content map[string]struct{ Example json.RawMessage }
		}
	}
}

// Each operation answers its example as the document says.
func TestExamplesOfTheDocument(t *testing.T) {
	var document documented
	if err := json.Unmarshal(openapi.JSON, &document); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for path, operations := range document.Paths {
		below, isAdmin := strings.CutPrefix(path, adminapi.Prefix)
		if !isAdmin {
			continue
		}
		for method, operation := range operations {
			tried++
			t.Run(operation.OperationID, func(t *testing.T) {
				s := serve(t)
				s.prepare(operation.OperationID)
				example := string(operation.RequestBody.Content["application/json"].Example)
				answered(t, s, path, strings.ToUpper(method), s.fill(below), s.fill(example))
			})
		}
	}
	if tried < 30 {
		t.Errorf("%d operations were tried; the document has more", tried)
	}
}

// prepare makes what the examples speak of.
func (s *served) prepare(operation string) {
	s.t.Helper()
	if operation != "createPlan" {
		s.must(s.call("POST", "/plans", `{"name":"pro","limits":["1000/day"]}`))
	}
	s.must(s.call("POST", "/plans", `{"name":"free","limits":["1000/day"]}`))
	_, hook := s.call("POST", "/webhooks", `{"url":"https://example.com/hooks"}`)
	webhook := hook["webhook"].(map[string]any)["id"].(string)
	id := s.key(`{"name":"Ada","owner":"ada@example.com","plan":"free","scopes":["search"]}`)
	_, key := s.call("GET", "/keys/"+id, "")
	s.must(s.call("POST", "/tokens", `{"name":"gateway","scopes":["verify"]}`))
	name := map[string]string{"revokeToken": "gateway", "deletePlan": "pro"}[operation]
	if name == "" {
		name = "free"
	}
	secret := key["secrets"].([]any)[0].(map[string]any)["id"].(string)
	job, _ := s.call("POST", "/jobs", `{"change_keys":{"all":true,"action":"disable"}}`)
	asked := s.ask("ada@example.com").Request.KeyID.String()
	begun, err := admin.New(s.store, admin.Config{}).LogInUser(s.t.Context(), admin.User{Name: "anna", Scopes: []string{"read"}}, admin.Login{})
	if err != nil {
		s.t.Fatal(err)
	}
	_, events := s.call("GET", "/events", "") // gives them to the webhook
	event := events["items"].([]any)[0].(map[string]any)["id"].(string)
	s.ids = strings.NewReplacer("{webhook}", webhook, "{event}", event, "{session}", begun.Session.ID.String(), "/key-requests/{id}", "/key-requests/"+asked, "/jobs/{id}", strings.TrimPrefix(job.Header.Get("Location"), adminapi.Prefix), "{id}", id, "{secret}", secret, "{name}", name, "key_019a1b2c-3d4e-7f60-8a9b-0c1d2e3f4a5b", id)
}

func (s *served) fill(text string) string { return s.ids.Replace(text) }

func (s *served) must(response *http.Response, answer map[string]any) {
	s.t.Helper()
	if response.StatusCode >= 300 {
		s.t.Fatalf("%d %v", response.StatusCode, answer)
	}
}

// answered fails unless an answer is a success that the document describes.
func answered(t *testing.T, s *served, path, method, below, body string) {
	t.Helper()
	header := []string{"If-Match", "*"}
	if method != http.MethodPatch {
		header = nil
	}
	response, answer := s.call(method, below, body, header...)
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s %s: %d %v", method, below, body, response.StatusCode, answer)
	}
	described(t, s.api.OpenAPI(), path, method, response.StatusCode, response.Header.Get("Content-Type"), answer)
}

// described fails unless the document has an answer of this status with this body.
func described(t *testing.T, document *huma.OpenAPI, path, method string, status int, mediaType string, answer map[string]any) {
	t.Helper()
	item := document.Paths[path]
	operation := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete}[method]
	response := operation.Responses[strconv.Itoa(status)]
	if response == nil {
		t.Fatalf("%s %s answers %d %v, which is not in the document", method, path, status, answer)
	}
	if answer == nil {
		if len(response.Content) > 0 {
			t.Errorf("%s %s answers %d without a body", method, path, status)
		}
		return
	}
	content := response.Content[mediaType]
	if content == nil {
		t.Fatalf("%s %s answers %d with %s, which is not in the document", method, path, status, mediaType)
	}
	var found huma.ValidateResult
	huma.Validate(document.Components.Schemas, content.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, any(answer), &found)
	if len(found.Errors) > 0 {
		t.Errorf("%s %s: %d differs from the document: %v\n%v", method, path, status, found.Errors, answer)
	}
}

// Whatever is sent, the answer is one that the document has.
func TestAnswersAreThoseOfTheDocument(t *testing.T) {
	var document documented
	if err := json.Unmarshal(openapi.JSON, &document); err != nil {
		t.Fatal(err)
	}
	s := serve(t)
	s.prepare("")
	bodies := []string{
		``, `{}`, `[]`, `null`, `7`, `"x"`, `{"name":null}`, `{"name":7}`, `{"x":1}`, `{"name":"` + strings.Repeat("n", 300) + `"}`, `{`,
		`{"plans":[null]}`, `{"keys":[{}]}`, `{"days":[{"key":"x","date":"y","used":-1}]}`, `{"filter":{"plan":"none"},"action":"update","patch":{"plan":"none"}}`,
		`{"action":"` + "\x00" + `"}`, `{"secrets":[""]}`, `{"reason":"","limits":["none"]}`, `{"amounts":{"":9e99}}`, `{"label":""}`, `{"name":"\u0000\u202e"}`,
	}
	queries := []string{"", "?limit=-1", "?limit=x", "?cursor=" + strings.Repeat("A", 5000), "?status=x", "?from=x", "?zone=Nowhere", "?group_by=hour", "?key=x", "?deep=2", "?nope=1", "?limit=1&limit=2", "?%zz"}
	paths := make([]string, 0, len(document.Paths))
	for path := range document.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		below, isAdmin := strings.CutPrefix(path, adminapi.Prefix)
		for method := range document.Paths[path] {
			if !isAdmin {
				continue
			}
			t.Run(fmt.Sprint(method, " ", path), func(t *testing.T) {
				s := s.with(t)
				method := strings.ToUpper(method)
				inputs := queries
				if method != http.MethodGet {
					inputs = bodies
				}
				for _, id := range []string{"{}", "nothing", "key_019a1b2c-0000-7f60-8a9b-0c1d2e3f4a5b", "%00", "%2e%2e", "%ff"} {
					for _, input := range inputs {
						target, body := strings.NewReplacer("{id}", id, "{name}", id, "{secret}", id).Replace(below), input
						if method == http.MethodGet {
							target, body = target+input, ""
						}
						response, answer := s.call(method, target, body, "If-Match", "*")
						described(t, s.api.OpenAPI(), path, method, response.StatusCode, response.Header.Get("Content-Type"), answer)
						if response.StatusCode == http.StatusInternalServerError {
							t.Errorf("%s %s %q: %v", method, target, body, answer)
						}
					}
					if !strings.Contains(below, "{") {
						break
					}
				}
			})
		}
	}
}

// Whoever sends a secret in the wrong place doesn't find it in the answer.
func TestNoAnswerRepeatsASecret(t *testing.T) {
	s := serve(t)
	secret := ration.NewSecret("rk_token").Reveal()
	for _, row := range [][3]string{
		{"POST", "/keys", `{"name":"a","plan":"SECRET"}`},
		{"POST", "/keys", `{"name":"a","scopes":["SECRET bad"]}`},
		{"POST", "/keys", `{"name":"a","limits":[{"limit":"SECRET/day"}]}`},
		{"POST", "/keys", `{"SECRET":1}`},
		{"POST", "/keys", `{"name":"a","metadata":{"SECRET":1}}`},
		{"POST", "/keys", `{"name":"a","expires_at":"SECRET"}`},
		{"POST", "/keys", `{"name":"a","allowed_ips":["SECRET"]}`},
		{"POST", "/keys", `{"name":"a","time_zone":"SECRET"}`},
		{"POST", "/plans", `{"name":"SECRET\n"}`},
		{"POST", "/plans", `{"name":"a","limits":["SECRET"]}`},
		{"GET", "/plans/SECRET", ""},
		{"GET", "/keys/SECRET", ""},
		{"GET", "/keys?SECRET=1", ""},
		{"GET", "/keys?limit=SECRET", ""},
		{"GET", "/keys?cursor=SECRET", ""},
		{"GET", "/usage?zone=SECRET", ""},
		{"GET", "/usage?from=SECRET", ""},
		{"DELETE", "/tokens/SECRET", ""},
		{"GET", "/SECRET", ""},
		{"POST", "/keys/find", `{"secrets":["SECRET",7]}`},
		{"POST", "/keys/import", `{"keys":[{"name":"a","secret":"SECRET","status":"x"}]}`},
		{"POST", "/usage/import", `{"days":[{"key":"SECRET","date":"2026-01-01","used":1}]}`},
		{"POST", "/tokens", `{"name":"a","scopes":["SECRET"]}`},
		{"POST", "/keys", `{"name":"SECRET"`},
	} {
		fill := strings.NewReplacer("SECRET", secret).Replace
		response, answer := s.call(row[0], fill(row[1]), fill(row[2]))
		text, err := json.Marshal(answer)
		if err != nil || response.StatusCode < 400 || strings.Contains(string(text), secret) {
			t.Errorf("%s %s %s: %d %s", row[0], row[1], row[2], response.StatusCode, strings.ReplaceAll(string(text), secret, "SECRET"))
		}
	}
}
