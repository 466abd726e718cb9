package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
)

const appTables = `
CREATE SCHEMA app;
CREATE TABLE app.keys (key text, name text, email text, approved boolean, created_at timestamp);
INSERT INTO app.keys VALUES
    ('ada-in-the-form-of-another-system', 'Ada', 'ada@example.com', true, '2024-05-06 07:08:09'),
    ('bob-in-the-form-of-another-system', 'Bob', 'bob@example.com', false, '2024-05-06 07:08:10');
CREATE TABLE app.counts (key text, day date, request_count bigint, last_request_at timestamptz);
INSERT INTO app.counts VALUES
    ('ada-in-the-form-of-another-system', '2024-05-07', 41, '2024-05-07 12:00:00+00'),
    ('ada-in-the-form-of-another-system', '2024-05-08', 1, NULL)`

// TestImportFromTablesOfPostgres takes keys and counts over from an app's tables,
// which happen to be in the same database.
func TestImportFromTablesOfPostgres(t *testing.T) {
	url := testdb.Postgres(t)
	must(t, url, "migrate")
	onDatabase(t, url, appTables)
	must(t, url, "plans", "create", "free", "--limit", "10/day")
	dir := t.TempDir()
	mapping := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys := mapping("keys.yaml", `
secret: key
name: name
owner: email
created_at: created_at
status:
  columns: [approved]
  rules:
    - {values: [true], status: active}
    - {values: [false], status: pending}
`)
	silent := testdb.NewWire(t, url)
	silent.BlackHole() // which costs a moment, and not a driver's two minutes
	imported := must(t, testdb.Among(silent.DSN(), testdb.NewWire(t, url).DSN()), "keys", "import", "env:RATION_DB", "--table", "app.keys", "--mapping", keys, "--plan", "free", "-o", "csv")
	if imported != "created,present\n2,0" {
		t.Errorf("keys import prints %q", imported)
	}
	listed := must(t, url, "keys", "list", "-o", "csv")
	for _, want := range []string{"Ada,ada@example.com,free,active", "Bob,bob@example.com,free,pending", "2024-05-06T07:08:09Z"} {
		if !strings.Contains(listed, want) {
			t.Errorf("keys list prints\n%s\nwant %q in it", listed, want)
		}
	}
	counts := mapping("counts.yaml", "key: key\ndate: day\nrequest_count: request_count\nlast_request_at: last_request_at\n")
	for range 2 { // the second time nothing is raised
		must(t, url, "usage", "import", "env:RATION_DB", "--table", "app.counts", "--mapping", counts)
	}
	usage := must(t, url, "usage", "--from", "2024-01-01", "-o", "csv")
	for _, want := range []string{"Ada,ada@example.com,requests,41,0,2024-05-07T12:00:00Z", "Ada,ada@example.com,requests,1,0,"} {
		if !strings.Contains(usage, want) {
			t.Errorf("usage prints\n%s\nwant %q in it", usage, want)
		}
	}
	if all := imported + listed + usage; strings.Contains(all, "in-the-form-of") {
		t.Error("a secret is shown")
	}
}
