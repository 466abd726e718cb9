package openapi_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // reads the file

	"github.com/ration-dev/ration/api/openapi"
	"github.com/ration-dev/ration/test/harness"
)

// A token that may only read is refused by every operation of the document that changes
// something, with a request that another token succeeds with, and nothing changes.
func TestReadTokensChangeNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ration.db")
	db := "sqlite:" + file
	harness.CLI(t, db, "plans", "create", "free", "--limit", "1000/day")
	key := harness.CreateKey(t, db, "--plan", "free")
	token := func(scope string) string {
		return strings.TrimSpace(harness.CLI(t, db, "tokens", "create", scope, "--scope", scope, "--quiet"))
	}
	reader, admin := token("read"), token("admin")
	addr := harness.FreeAddr(t)
	instance := harness.NewInstance(t, db, harness.NewUpstream(t).URL, "--admin-listen", addr)
	instance.Start()
	instance.AwaitReady()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			} `json:"requestBody"`
		}
	}
	if err := json.Unmarshal(openapi.JSON, &document); err != nil {
		t.Fatal(err)
	}

	before, changing := contentOf(t, file), 0
	fill := strings.NewReplacer("{id}", key.ID, "{secret}", "sec_01a229ca-0000-7000-8000-000000000000", "{name}", "free")
	for path, operations := range document.Paths {
		if !strings.HasPrefix(path, "/v1/admin/") {
			continue
		}
		for method, operation := range operations {
			needed := operation.Security[0]["token"][0]
			if needed == "read" {
				continue // sent below
			}
			changing++
			status := send(t, strings.ToUpper(method), "http://"+addr+fill.Replace(path), reader, string(operation.RequestBody.Content["application/json"].Example))
			if status != http.StatusForbidden {
				t.Errorf("%s: %d; want 403", operation.OperationID, status)
			}
		}
	}
	for path, operations := range document.Paths {
		for method, operation := range operations {
			if strings.HasPrefix(path, "/v1/admin/") && operation.Security[0]["token"][0] == "read" {
				status := send(t, strings.ToUpper(method), "http://"+addr+fill.Replace(path), reader, string(operation.RequestBody.Content["application/json"].Example))
				if status == http.StatusForbidden || status >= http.StatusInternalServerError {
					t.Errorf("%s: %d; a token that reads may do this", operation.OperationID, status)
				}
			}
		}
	}
	if diff := cmp.Diff(before, contentOf(t, file)); diff != "" {
		t.Errorf("the database (-before +after):\n%s", diff)
	}
	if changing < 15 {
		t.Errorf("%d operations change something; the document has more", changing)
	}
	if status := send(t, http.MethodPost, "http://"+addr+"/v1/admin/plans", admin, `{"name":"pro"}`); status != http.StatusCreated {
		t.Fatalf("creating a plan: %d", status)
	}
	if cmp.Equal(before, contentOf(t, file)) {
		t.Error("what is compared doesn't show a new plan")
	}
}

func send(t *testing.T, method, url, token, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("If-Match", "*")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}

// contentOf returns the rows of all tables that administration changes.
func contentOf(t *testing.T, file string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	content := make(map[string][]string)
	for _, table := range []string{
		"plans", "plan_limits", "api_keys", "api_key_limits", "api_key_secrets", "secret_digests", "key_usage", "usage_days", "usage_hours", "meters", "audit_log",
	} {
		content[table] = rowsOf(t, db, "SELECT * FROM "+table)
	}
	content["admin_tokens"] = rowsOf(t, db, "SELECT id, name, scopes, revoked_at FROM admin_tokens")
	return content
}

func rowsOf(t *testing.T, db *sql.DB, query string) (found []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var row strings.Builder
		for _, value := range values {
			_, _ = fmt.Fprintf(&row, "%v|", *value.(*any))
		}
		found = append(found, row.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
