package sqlite_test

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// A migration that makes a table names it among those that are watched.
func TestAllTablesAreWatched(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	got, err := store.Rows(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(slices.Values(sqlite.TableNames))
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("the tables are %q, watched are %q", got, want)
	}
}

// alterations are what somebody may do to tables with a tool of his own, so that
// what is written to them is not kept, and how it is undone; "" if it can't be.
var alterations = map[string]struct{ change, undo string }{
	"a row is ignored":           {"CREATE TRIGGER t BEFORE UPDATE ON key_usage BEGIN SELECT RAISE(IGNORE); END", "DROP TRIGGER t"},
	"the history is ignored":     {"CREATE TRIGGER t BEFORE INSERT ON usage_days BEGIN SELECT RAISE(IGNORE); END", "DROP TRIGGER t"},
	"a count is taken back":      {"CREATE TRIGGER t AFTER UPDATE ON key_usage BEGIN UPDATE key_usage SET used = OLD.used, day_used = OLD.day_used WHERE rowid = NEW.rowid; END", "DROP TRIGGER t"},
	"the history is taken back":  {"CREATE TRIGGER t AFTER INSERT ON usage_days BEGIN DELETE FROM usage_days; END", "DROP TRIGGER t"},
	"a trigger in other letters": {"CREATE TRIGGER T AFTER UPDATE ON KEY_USAGE BEGIN SELECT RAISE(IGNORE); END", "DROP TRIGGER t"},
	"a secret comes back":        {"CREATE TRIGGER t BEFORE UPDATE ON api_key_secrets BEGIN SELECT RAISE(IGNORE); END", "DROP TRIGGER t"},
	"a key stays":                {"CREATE TRIGGER t BEFORE UPDATE OF status ON api_keys BEGIN SELECT RAISE(IGNORE); END", "DROP TRIGGER t"},
	"a reservation is ignored":   {"CREATE TRIGGER t BEFORE INSERT ON reservations BEGIN SELECT RAISE(IGNORE); END", "DROP TRIGGER t"},
	"a view in a table's place":  {"ALTER TABLE usage_days RENAME TO elsewhere; CREATE VIEW usage_days AS SELECT * FROM elsewhere", "DROP VIEW usage_days; ALTER TABLE elsewhere RENAME TO usage_days"},
	"a view that takes writes": {
		"ALTER TABLE usage_days RENAME TO elsewhere; CREATE VIEW usage_days AS SELECT * FROM elsewhere; CREATE TRIGGER t INSTEAD OF INSERT ON usage_days BEGIN SELECT 1; END",
		"DROP VIEW usage_days; ALTER TABLE elsewhere RENAME TO usage_days",
	},
	"conflicts drop rows": {"ALTER TABLE audit_log RENAME TO elsewhere; CREATE TABLE audit_log (id BLOB PRIMARY KEY ON CONFLICT IGNORE, at INTEGER, actor TEXT, action TEXT, target TEXT UNIQUE ON CONFLICT IGNORE, details TEXT)", "DROP TABLE audit_log; ALTER TABLE elsewhere RENAME TO audit_log"},
}

// TestAlteredTablesAreRefused alters tables while a server runs, as another
// process would, and before it starts.
func TestAlteredTablesAreRefused(t *testing.T) {
	for name, row := range alterations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			store := open(t, sqlite.Config{Path: path})
			key := createKey(t, store, "")
			charge(t, store, key)
			alter(t, path, row.change)
			_, err := store.Charge(t.Context(), testbatch.Requests(t, key))
			if !errors.Is(err, sqlite.ErrAltered) || !errors.Is(err, ration.ErrStoreUnavailable) {
				t.Errorf("Charge = %v, want ErrAltered and ErrStoreUnavailable", err)
			}
			if _, err := store.CreateKey(t.Context(), newKey("")); !errors.Is(err, sqlite.ErrAltered) {
				t.Errorf("CreateKey = %v, want ErrAltered", err)
			}
			if err := store.Ready(t.Context()); !errors.Is(err, sqlite.ErrAltered) {
				t.Errorf("Ready = %v, want ErrAltered", err)
			}
			wantTables(t, store, admin.FindingProblem)
			closeStore(t, store)
			if second, err := sqlite.Open(t.Context(), sqlite.Config{Path: path}); !errors.Is(err, sqlite.ErrAltered) {
				t.Errorf("Open = %v, want ErrAltered", err)
				if err == nil {
					closeStore(t, second)
				}
			}
			alter(t, path, row.undo)
			again := open(t, sqlite.Config{Path: path})
			wantTables(t, again, admin.FindingOK)
			if codes := charge(t, again, key); codes[0] != ration.CodeOK {
				t.Errorf("got %v after it was undone", codes)
			}
		})
	}
}

// TestAlterationThatIsUndoneIsForgotten serves again without a restart.
func TestAlterationThatIsUndoneIsForgotten(t *testing.T) {
	path := newPath(t)
	store := open(t, sqlite.Config{Path: path})
	key := createKey(t, store, "")
	alter(t, path, "CREATE TRIGGER t BEFORE UPDATE ON key_usage BEGIN SELECT RAISE(IGNORE); END")
	if _, err := store.Charge(t.Context(), testbatch.Requests(t, key)); !errors.Is(err, sqlite.ErrAltered) {
		t.Errorf("Charge = %v, want ErrAltered", err)
	}
	alter(t, path, "DROP TRIGGER t; CREATE TABLE mine (n int); CREATE TRIGGER of_mine AFTER INSERT ON mine BEGIN SELECT 1; END")
	charge(t, store, key) // nobody minds what is done to other tables
	wantTables(t, store, admin.FindingOK)
}

// TestRowsThatAreWithheldAreNotAdmitted lets the trigger pass, so that nothing but
// the count of rows is left to notice it.
func TestRowsThatAreWithheldAreNotAdmitted(t *testing.T) {
	for _, withhold := range []string{"INSERT ON key_usage", "UPDATE ON key_usage", "INSERT ON usage_days", "UPDATE ON usage_days"} {
		t.Run(withhold, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			store := open(t, sqlite.Config{Path: path})
			key := createKey(t, store, "")
			charge(t, store, key)
			alter(t, path, "CREATE TRIGGER t BEFORE "+withhold+" BEGIN SELECT RAISE(IGNORE); END")
			if err := store.Trust(t.Context()); err != nil {
				t.Fatal(err)
			}
			item := testbatch.Item{Charge: ration.Charge{KeyID: key}}
			if strings.HasPrefix(withhold, "INSERT") { // requests have their rows
				item.Amounts = []ration.Amount{{Meter: "tokens", Units: 1}}
			}
			if decisions, err := store.Charge(t.Context(), testbatch.Of(t, item)); !errors.Is(err, ration.ErrStoreUnavailable) {
				t.Errorf("Charge = %v, %v, want ErrStoreUnavailable", decisions, err)
			}
		})
	}
	for _, withhold := range []string{
		"INSERT ON api_keys", "INSERT ON key_usage", "INSERT ON audit_log", "UPDATE ON api_keys", "UPDATE ON api_key_secrets",
		"INSERT ON plans", "INSERT ON plan_limits", "UPDATE ON plans", "INSERT ON admin_tokens", "INSERT ON secret_digests", "INSERT ON api_key_secrets",
	} {
		t.Run("administration "+withhold, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			store := open(t, sqlite.Config{Path: path})
			operations := admin.New(store, admin.Config{})
			day := []ration.Limit{{Meter: ration.MeterRequests, Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: 1}}
			if _, err := operations.CreatePlan(t.Context(), "test", admin.NewPlan{Name: "first", Limits: day}); err != nil {
				t.Fatal(err)
			}
			first, err := operations.CreateKey(t.Context(), "test", admin.NewKey{Name: "first"})
			if err != nil {
				t.Fatal(err)
			}
			alter(t, path, "CREATE TRIGGER t BEFORE "+withhold+" BEGIN SELECT RAISE(IGNORE); END")
			if err := store.Trust(t.Context()); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"INSERT ON api_keys, key_usage, secret_digests, api_key_secrets, audit_log": errorOf(operations.CreateKey(t.Context(), "test", admin.NewKey{Name: "second"})),
				"UPDATE ON api_key_secrets":    errorOf(operations.RotateKey(t.Context(), "test", admin.Rotation{ID: first.Key.ID})),
				"UPDATE ON api_keys":           errorOf(operations.UpdateKey(t.Context(), "test", admin.KeyPatch{ID: first.Key.ID, Name: new("another")})),
				"INSERT ON plans, plan_limits": errorOf(operations.CreatePlan(t.Context(), "test", admin.NewPlan{Name: "second", Limits: day})),
				"UPDATE ON plans":              errorOf(operations.UpdatePlan(t.Context(), "test", admin.PlanPatch{Name: "first", TimeZone: new("Europe/Rome")})),
				"INSERT ON admin_tokens":       errorOf(operations.CreateToken(t.Context(), "test", admin.NewToken{Name: "n", Scopes: []string{admin.ScopeVerify}})),
			} {
				verb, table, _ := strings.Cut(withhold, " ON ")
				if strings.HasPrefix(what, verb) && strings.Contains(what+",", " "+table+",") && !errors.Is(err, ration.ErrStoreUnavailable) {
					t.Errorf("%s = %v, want ErrStoreUnavailable", what, err)
				}
			}
		})
	}
}

func errorOf[T any](_ T, err error) error { return err }

// alter runs statements with a tool of somebody else's.
func alter(t *testing.T, path, statements string) {
	t.Helper()
	tool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tool.ExecContext(t.Context(), statements)
	if err := errors.Join(err, tool.Close()); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func wantTables(t *testing.T, store *sqlite.Store, state admin.FindingState) {
	t.Helper()
	findings, err := store.Examine(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Check == "tables" {
			if finding.State != state || (state == admin.FindingOK) != (finding.Advice == "") {
				t.Errorf("%+v, want %s", finding, state)
			}
			return
		}
	}
	t.Error("the tables were not examined")
}
