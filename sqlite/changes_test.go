package sqlite_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestWhatMakesTheMemoryForget takes what it does not understand for the worst.
func TestWhatMakesTheMemoryForget(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string][2]bool{
		"SELECT 1 FROM key_usage": {false, false},
		"PRAGMA data_version":     {false, false},
		"BEGIN IMMEDIATE":         {false, false},
		"COMMIT":                  {false, false},
		"UPDATE jobs SET state = 'running' WHERE id = ? RETURNING id":   {false, false},
		"INSERT INTO traffic_hours (hour) VALUES (?)":                   {false, false},
		"\n\tdelete from sessions WHERE id IN (SELECT id FROM plans)":   {false, false},
		"UPDATE admin_tokens SET revoked_at = ? RETURNING name":         {false, true},
		"UPDATE api_keys SET status = ?":                                {true, true},
		"INSERT INTO plans(name) VALUES (?)":                            {true, true},
		"INSERT INTO meters (name) VALUES (?)":                          {true, true},
		"DELETE FROM key_usage":                                         {true, true},
		"INSERT OR IGNORE INTO jobs (id) VALUES (?)":                    {true, true},
		"REPLACE INTO jobs (id) VALUES (?)":                             {true, true},
		"UPDATE OR ABORT jobs SET state = ?":                            {true, true},
		`UPDATE "jobs" SET state = ?`:                                   {true, true},
		"UPDATE main.jobs SET state = ?":                                {true, true},
		"WITH ids AS (SELECT 1) UPDATE jobs SET state = ?":              {true, true},
		"/* a comment */ UPDATE jobs SET state = ?":                     {true, true},
		"INSERT INTO hourly_usage (hour) VALUES (?)":                    {true, true},
		"CREATE TRIGGER spoil AFTER UPDATE ON jobs BEGIN SELECT 1; END": {true, true},
		"VACUUM": {true, true},
		"":       {false, false},
	} {
		if keys, tokens := sqlite.Forgets(statement); [2]bool{keys, tokens} != want {
			t.Errorf("%q: %t, %t; want %v", statement, keys, tokens, want)
		}
	}
}

// TestNothingTakesRememberedRowsAlong: what a statement changes is in the table that it
// names, and what is remembered is in tables that the memory knows.
func TestNothingTakesRememberedRowsAlong(t *testing.T) {
	t.Parallel()
	store := open(t, sqlite.Config{Path: newPath(t)})
	remembered := append(slices.Clone(sqlite.RememberedTables), "admin_tokens")
	for _, query := range sqlite.MemoryQueries() {
		for _, table := range sqlite.TableNames {
			words := strings.FieldsFunc(query, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
			if slices.Contains(words, table) && !slices.Contains(remembered, table) {
				t.Errorf("%s is read and is none of the tables that are remembered: %s", table, query)
			}
		}
	}
	for _, table := range remembered {
		parents, err := store.Rows(t.Context(), `SELECT "table" FROM pragma_foreign_key_list('`+table+`') WHERE on_delete NOT IN ('NO ACTION', 'RESTRICT') OR on_update NOT IN ('NO ACTION', 'RESTRICT')`)
		if err != nil {
			t.Fatal(err)
		}
		for _, parent := range parents {
			if !slices.Contains(remembered, parent) {
				t.Errorf("rows of %s go with those of %s", table, parent)
			}
		}
	}
}

// TestFailedBatchIsForgotten charges a key, and with it another one that can't be written:
// nothing was counted, and nothing is remembered otherwise.
func TestFailedBatchIsForgotten(t *testing.T) {
	t.Parallel()
	store := open(t, sqlite.Config{Path: newPath(t)})
	createPlan(t, store, "plan", "3/day")
	key, other := createKey(t, store, "plan"), createKey(t, store, "plan")
	run(t, store, "CREATE TRIGGER refuse BEFORE INSERT ON key_usage WHEN NEW.meter = 'poison' BEGIN SELECT RAISE(ABORT, 'refused'); END")
	if err := store.Trust(t.Context()); err != nil {
		t.Fatal(err)
	}
	poison := testbatch.Item{Charge: ration.Charge{KeyID: other, Amounts: []ration.Amount{{Meter: "poison", Units: 1}}}}
	batch := testbatch.Of(t, testbatch.Item{Charge: ration.Charge{KeyID: key}}, poison)
	charge(t, store, key)
	for range 5 {
		if keys, err := store.CompareMemory(t.Context()); err != nil || keys != 1 {
			t.Fatalf("%d keys are remembered: %v", keys, err)
		}
		if _, err := store.Charge(t.Context(), batch); err == nil {
			t.Fatal("the batch was written")
		}
		if keys, err := store.CompareMemory(t.Context()); err != nil || keys != 0 {
			t.Fatalf("%d keys are remembered after a batch that failed: %v", keys, err)
		}
		if _, err := store.Charge(t.Context(), testbatch.Of(t, testbatch.Item{Charge: ration.Charge{KeyID: key, DryRun: true}})); err != nil {
			t.Fatal(err)
		}
	}
	if codes := append(charge(t, store, key), charge(t, store, key, key)...); !slices.Equal(codes, []ration.Code{ration.CodeOK, ration.CodeOK, ration.CodeQuotaExceeded}) {
		t.Errorf("then: %v", codes)
	}
}
