package sqlite_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/sqlite"
)

// TestQueriesUseTheirIndexes looks at the plans on empty tables and on small
// ones that were analysed, where scanning would seem cheap.
func TestQueriesUseTheirIndexes(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	createPlan(t, store, "plan", "5/day")
	key := createKey(t, store, "plan")
	for _, state := range []string{"empty", "analysed"} {
		for name, query := range sqlite.HotQueries(key) {
			steps, err := store.Steps(t.Context(), query)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text := strings.Join(steps, "; ")
			if strings.Contains(text, "TEMP B-TREE") || strings.Contains(text, "SCAN") {
				t.Errorf("%s, %s: %s", name, state, text)
			}
		}
		charge(t, store, key)
		if err := store.Run(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAdministrationReadsByItsIndexes looks at the plans of what administration's
// reads have really asked.
func TestAdministrationReadsByItsIndexes(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	createPlan(t, store, "plan", "5/day")
	key := createKey(t, store, "plan")
	listKeys := func(filter admin.KeyFilter) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := store.ListKeys(ctx, filter)
			return err
		}
	}
	days := func(filter admin.UsageFilter) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := store.UsageDays(ctx, filter)
			return err
		}
	}
	audit := func(filter admin.AuditFilter) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := store.ListAudit(ctx, filter)
			return err
		}
	}
	for _, row := range []struct {
		name    string
		read    func(context.Context) error
		allowed []string // steps that read all, or sort
	}{
		{"a key and its parts", listKeys(admin.KeyFilter{Limit: 1}), []string{"SCAN k", "TEMP B-TREE FOR ORDER BY", "TEMP B-TREE FOR LAST"}}, // of one key
		{"all keys", listKeys(admin.KeyFilter{After: admin.KeyPosition{ID: key}}), nil},
		{"several keys", func(ctx context.Context) error {
			_, err := store.KeysByID(ctx, []ration.KeyID{key, ration.NewKeyID(), ration.NewKeyID()})
			if errors.Is(err, ration.ErrNotFound) {
				return nil
			}
			return err
		}, nil},
		{"all days", days(admin.UsageFilter{From: 1, To: 2}), nil},
		{"days of a key", days(admin.UsageFilter{KeyID: key, From: 1}), nil},
		{"the audit log", audit(admin.AuditFilter{}), []string{"SCAN audit_log"}},
		{"audit log of a target", audit(admin.AuditFilter{Target: "t"}), nil},
		{"audit log of one actor", audit(admin.AuditFilter{Actor: "a"}), []string{"SCAN audit_log"}},
		{"a plan", func(ctx context.Context) error { _, err := store.Plan(ctx, "plan"); return err }, []string{"SCAN p"}}, // of what was found
	} {
		queries, err := store.ReadDuring(t.Context(), func() error { return row.read(t.Context()) })
		if err != nil || len(queries) == 0 {
			t.Fatalf("%s: %d queries, %v", row.name, len(queries), err)
		}
		for _, query := range queries {
			steps, err := store.Steps(t.Context(), query)
			if err != nil {
				t.Fatalf("%s: %v", row.name, err)
			}
			for _, step := range steps {
				slow := strings.Contains(step, "TEMP B-TREE") || strings.Contains(step, "SCAN")
				if slow && !slices.ContainsFunc(row.allowed, func(allowed string) bool { return strings.Contains(" "+step+" ", " "+allowed+" ") }) {
					t.Errorf("%s: %s\n%s", row.name, query.Text, step)
				}
			}
		}
	}
}

// TestPartsOfADayAreFoundByTheIndex looks at the plans of a part of a report: neither the
// search for its end nor its sums may read the whole day.
func TestPartsOfADayAreFoundByTheIndex(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t)})
	createPlan(t, store, "plan", "5/day")
	key := createKey(t, store, "plan")
	for _, state := range []string{"empty", "analysed"} {
		end, sums, err := testquery.PartOfDay(t.Context(), sqlite.Administered(store), ration.DateID(2026, 7, 15), ration.KeyID{0x80}, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			asked testquery.Asked
			want  string // of the first step
		}{
			{end, "PRIMARY KEY ((date,api_key_id)>(?,?) AND date<?)"},
			{sums, "PRIMARY KEY (date=? AND api_key_id>? AND api_key_id<?)"},
		} {
			steps, err := store.Steps(t.Context(), sqlite.Query{Text: row.asked.SQL, Values: make([]any, len(row.asked.Args))})
			if err != nil {
				t.Fatal(err)
			}
			if text := strings.Join(steps, "; "); !strings.Contains(steps[0], row.want) || strings.Contains(text, "SCAN") {
				t.Errorf("%s: %s\n%s", state, row.asked.SQL, text)
			}
		}
		charge(t, store, key)
		if err := store.Run(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}
