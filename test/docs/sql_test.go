package docs_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

type store interface {
	ration.Store
	rationadmin.Store
}

func TestQueriesForSQLiteFindTheRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	oneRequest(t, store)
	runQueries(t, "sqlite", "file:"+path+"?mode=ro", "SQLite")
}

func TestQueriesForPostgreSQLFindTheRequest(t *testing.T) {
	url := testdb.Postgres(t)
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	oneRequest(t, store)
	runQueries(t, "pgx", url, "PostgreSQL")
}

// oneRequest makes a key and charges it once.
func oneRequest(t *testing.T, store store) {
	t.Helper()
	issued, err := rationadmin.New(store, rationadmin.Config{}).CreateKey(t.Context(), "test", rationadmin.NewKey{Name: "reader", Owner: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	engine := ration.NewEngine(store, ration.EngineConfig{})
	if decision, err := engine.Charge(t.Context(), ration.Charge{Secret: issued.Secret}); err != nil || !decision.Allowed() {
		t.Fatalf("got %+v, %v", decision, err)
	}
	if err := engine.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// runQueries runs every query of docs/SQL.md that is for a database, beside the
// program that has it open, and wants one row of each.
func runQueries(t *testing.T, driver, dsn, database string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/SQL.md")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	found := 0
	block := regexp.MustCompile("(?s)```sql\n(.*?)```").FindSubmatch(text)
	for query := range strings.SplitSeq(string(block[1]), ";") {
		if !strings.Contains(query, "on "+database+"\n") {
			continue
		}
		found++
		rows := 0
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM ("+query+"\n) AS q").Scan(&rows); err != nil || rows != 1 {
			t.Errorf("%s\ngave %d rows, %v; want one", query, rows, err)
		}
	}
	if found == 0 {
		t.Errorf("docs/SQL.md has no query for %s", database)
	}
}
