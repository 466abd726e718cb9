package adminapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api/openapi"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
	"github.com/ration-dev/ration/sqlite"
)

// FuzzBodies sends bodies to each operation that takes one. Whatever comes, the answer is
// one that the document has, and none is a fault of the server.
func FuzzBodies(f *testing.F) {
	store, err := sqlite.Open(f.Context(), sqlite.Config{Path: filepath.Join(f.TempDir(), "ration.db")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	operations := admin.New(store, admin.Config{})
	key, err := operations.CreateKey(f.Context(), "test", admin.NewKey{Name: "Ada"})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := operations.CreatePlan(f.Context(), "test", admin.NewPlan{Name: "free"}); err != nil {
		f.Fatal(err)
	}
	server := adminapi.New(adminapi.Config{Authenticate: func(*http.Request, string) (adminapi.Caller, error) {
		return adminapi.Caller{Actor: "token:test", Operations: operations}, nil
	}})

	var document documented
	if err := json.Unmarshal(openapi.JSON, &document); err != nil {
		f.Fatal(err)
	}
	targets := make(map[string][2]string) // by id: method and path
	for path, ofPath := range document.Paths {
		for method, operation := range ofPath {
			example := operation.RequestBody.Content["application/json"].Example
			if !strings.HasPrefix(path, adminapi.Prefix) || example == nil {
				continue
			}
			targets[operation.OperationID] = [2]string{strings.ToUpper(method), path}
			f.Add(operation.OperationID, []byte(example))
			for _, hostile := range []string{"", "null", "[]", "{}", `{"name":null}`, `{"name":"\u0000"}`, `{"plans":[null]}`, `{"keys":[{}]}`, "\xff", "{}{}"} {
				f.Add(operation.OperationID, []byte(hostile))
			}
		}
	}
	if len(targets) < 10 {
		f.Fatalf("%d operations take a body; the document has more", len(targets))
	}
	published := adminapi.Document()
	fill := strings.NewReplacer("{id}", key.Key.ID.String(), "{name}", "free")
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		target, known := targets[operation]
		if !known {
			return // the name is made up
		}
		request := httptest.NewRequest(target[0], fill.Replace(target[1]), strings.NewReader(string(body)))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("If-Match", "*")
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, request)
		var answer map[string]any
		if text := recorder.Body.Bytes(); len(text) > 0 {
			if err := json.Unmarshal(text, &answer); err != nil {
				t.Fatalf("%s %q: %d %s: %v", operation, body, recorder.Code, text, err)
			}
		}
		if recorder.Code >= http.StatusInternalServerError {
			t.Errorf("%s %q: %s %v", operation, body, http.StatusText(recorder.Code), answer)
		}
		described(t, published, target[1], target[0], recorder.Code, recorder.Header().Get("Content-Type"), answer)
	})
}
