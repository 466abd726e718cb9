package cli_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

// onDatabase runs a statement on a database.
func onDatabase(t *testing.T, url, statement string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestSchemaThatDoesNotFitIsExitCode6(t *testing.T) {
	for name, row := range map[string]struct {
		migrated  bool
		statement string
		command   string
		says      []string
	}{
		"serve on a newer schema":      {true, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)", "serve", []string{"99999", "only 3", "newer build"}},
		"keys list on a newer schema":  {true, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)", "keys list", []string{"99999", "newer build"}},
		"migrate to an older schema":   {true, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)", "migrate", []string{"99999", "newer build"}},
		"keys list on an older schema": {true, "DELETE FROM goose_db_version", "keys list", []string{"version 0", "needs 3", "run 'ration migrate'"}},
		"migration that fails":         {false, "CREATE TABLE plans ()", "migrate", []string{"from version 0 to 1", `"plans" already exists`}},
	} {
		t.Run(name, func(t *testing.T) {
			url := testdb.Postgres(t)
			if row.migrated {
				must(t, url, "migrate")
			}
			onDatabase(t, url, row.statement)
			done := invoke(t, url, strings.Fields(row.command)...)
			if done.code != 6 {
				t.Errorf("exit code %d: %s", done.code, done.stderr)
			}
			for _, text := range row.says {
				if !strings.Contains(done.stderr, text) {
					t.Errorf("it says %q, want %q in it", done.stderr, text)
				}
			}
		})
	}
}
