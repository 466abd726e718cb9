package docs_test

import (
	"bytes"
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver of the app's database

	"github.com/ration-dev/ration/internal/cli"
)

// migratingFiles are what somebody has who follows the page.
var migratingFiles = map[string]string{
	"users.csv":  "API Key;email;tier\nann-in-the-form-of-another-system;ann@example.com;pro\nbob-in-the-form-of-another-system;bob@example.com;\n",
	"keys.csv":   "secret,name,owner\ncy-in-the-form-of-another-system,Cy,cy@example.com\n",
	"counts.csv": "key,date,request_count\nann-in-the-form-of-another-system,2025-01-31,37.0\n",
	".env":       `API_KEYS={"dora-in-the-form-of-another-system": {"name": "Dora"}}` + "\n",
}

const migratingTables = `
CREATE TABLE api_keys (key, name, email, tier, created_at, can_change_model, approved, is_active);
INSERT INTO api_keys VALUES ('eve-in-the-form-of-another-system', 'Eve', 'eve@example.com', 'pro', '2024-05-06 07:08:09', 1, 1, 1);
CREATE TABLE daily_usage (api_key, day, requests, seen_at);
INSERT INTO daily_usage VALUES ('eve-in-the-form-of-another-system', '2024-05-07', 41, '2024-05-07 12:00:00');`

// TestCommandsOfTheMigratingPageWork runs the page's commands one after the other, with
// the mappings that it shows. That of PostgreSQL has a test of its own.
func TestCommandsOfTheMigratingPageWork(t *testing.T) {
	page := read(t, "docs/MIGRATING.md")
	t.Chdir(t.TempDir())
	for name, text := range migratingFiles {
		writeFile(t, name, text)
	}
	mappings := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(mappings) != 2 {
		t.Fatalf("the page has %d mappings", len(mappings))
	}
	writeFile(t, "import.yaml", string(mappings[0][1]))
	writeFile(t, "usage.yaml", string(mappings[1][1]))
	app, err := sql.Open("sqlite", "app.db")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.ExecContext(t.Context(), migratingTables); err != nil {
		t.Fatal(err)
	}
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
	runLine(t, "$ ration plans create free --limit 100/day")
	runLine(t, "$ ration plans create pro --limit 1000/day")
	ran := 0
	for _, line := range regexp.MustCompile(`(?m)^\$ ration .*$`).FindAllString(string(page), -1) {
		if !strings.Contains(line, "env:DATABASE_URL") {
			runLine(t, line)
			ran++
		}
	}
	runLine(t, "$ ration keys import keys.csv --plan free")
	if ran < 9 {
		t.Errorf("only %d commands were found", ran)
	}
	if listed := runLine(t, "$ ration keys list -o csv"); strings.Count(listed, "another-system") > 0 || strings.Count(listed, "\n") != 6 || !strings.Contains(listed, "ann@example.com,ann@example.com,pro") {
		t.Errorf("the keys are\n%s", listed)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runLine runs a line of a page and returns what it prints.
func runLine(t *testing.T, line string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Main(t.Context(), words(line)[2:], strings.NewReader(""), &stdout, &stderr, nil); code != 0 {
		t.Fatalf("%s: exit code %d\n%s", line, code, &stderr)
	}
	return stdout.String()
}
