package adminapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
	"github.com/ration-dev/ration/sqlite"
)

// served is the API over an empty database, for a caller who may do everything.
type served struct {
	t      *testing.T
	server *httptest.Server
	api    *adminapi.API
	store  *sqlite.Store
	ids    *strings.Replacer // of what prepare has made
}

func serve(t *testing.T) *served {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "ration.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	operations := admin.New(store, admin.Config{})
	api := adminapi.New(adminapi.Config{Authenticate: func(*http.Request, string) (adminapi.Caller, error) {
		return adminapi.Caller{Actor: "token:test", Operations: operations, Local: false}, nil
	}})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return &served{t, server, api, store, nil}
}

// with returns the same for a part of the test.
func (s *served) with(t *testing.T) *served { return &served{t, s.server, s.api, s.store, s.ids} }

// key creates a key and returns its id.
func (s *served) key(body string) string {
	s.t.Helper()
	response, answer := s.call(http.MethodPost, "/keys", body)
	if response.StatusCode != http.StatusCreated {
		s.t.Fatalf("creating %s: %d %v", body, response.StatusCode, answer)
	}
	return response.Header.Get("Location")[len("/v1/admin/keys/"):]
}

// call sends a request and returns its answer with its body, which is JSON.
func (s *served) call(method, path, body string, header ...string) (*http.Response, map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+"/v1/admin"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		s.t.Fatal(err)
	}
	if len(text) == 0 {
		return response, nil
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		s.t.Fatalf("%s %s: %d %s: %v", method, path, response.StatusCode, text, err)
	}
	return response, answer
}
