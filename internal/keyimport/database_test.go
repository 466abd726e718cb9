package keyimport_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the driver of the database that is read

	"github.com/ration-dev/ration/internal/keyimport"
)

// TestReadDatabase reads a table as an app's own library has made it.
func TestReadDatabase(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{
		`CREATE TABLE "api ""keys" (id INTEGER PRIMARY KEY, key VARCHAR UNIQUE, name VARCHAR, email VARCHAR, can_change_model BOOLEAN,
			is_active BOOLEAN, created_at DATETIME, request_reason TEXT, approved BOOLEAN)`,
		`INSERT INTO "api ""keys" VALUES
			(1, '` + canary + `1', 'Ada', 'ada@example.com', 1, 1, '2025-01-31 16:05:09.123456', NULL, 1),
			(2, '` + canary + `2', 'Bob', NULL, 0, 0, '2025-02-01 00:00:00.000000', 'please', 1)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	table, err := keyimport.ReadDatabase(t.Context(), db, `api "keys`)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := keyimport.NewPlan(table, appMapping, "rk")
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Err(); err != nil {
		t.Error(err)
	}
	var got []string
	for _, r := range plan.Records {
		got = append(got, fmt.Sprintf("%d %d %s %s %s %s %v %v", r.Row, r.Line, r.Secret.Reveal(), r.Name, r.Owner, r.Status, r.Scopes, r.CreatedAt))
	}
	want := []string{
		"1 0 " + canary + "1 Ada ada@example.com active [change-model] 2025-01-31 16:05:09.123456 +0000 UTC",
		"2 0 " + canary + "2 Bob  disabled [] 2025-02-01 00:00:00 +0000 UTC",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if _, err := keyimport.ReadDatabase(t.Context(), db, "no such table"); err == nil {
		t.Error("a table that isn't there was read")
	}
}
