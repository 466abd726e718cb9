package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// A migration that makes a table names it among those that are watched.
func TestAllTablesAreWatched(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	got := ask[[]string](t, d, `
		SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`)
	if want := slices.Sorted(slices.Values(postgres.TableNames)); !slices.Equal(got, want) {
		t.Errorf("the tables are %q, watched are %q", got, want)
	}
}

const (
	returns    = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %; END $$; "
	renaming   = "ALTER TABLE usage_days RENAME TO elsewhere; "
	renameBack = "ALTER TABLE elsewhere RENAME TO usage_days"
)

func with(text, in string) string { return strings.ReplaceAll(text, "%", in) }

// tableChange is what somebody does to the tables, and how it is undone.
type tableChange struct {
	change, undo string
	want         error
}

// tableChanges make a server forget, withhold or undo what is written.
func tableChanges() map[string]tableChange {
	return map[string]tableChange{
		"counts that are not logged":     {"ALTER TABLE key_usage SET UNLOGGED", "ALTER TABLE key_usage SET LOGGED", postgres.ErrUnsafeDurability},
		"a partition that is not logged": {"CREATE UNLOGGED TABLE request_log_20200101 PARTITION OF request_log FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')", "DROP TABLE request_log_20200101", postgres.ErrUnsafeDurability},
		"a row is withheld":              {with(returns, "RETURN NULL") + "CREATE TRIGGER t BEFORE UPDATE ON key_usage FOR EACH ROW EXECUTE FUNCTION f()", "DROP TRIGGER t ON key_usage", postgres.ErrAltered},
		"the old row stays":              {with(returns, "RETURN OLD") + "CREATE TRIGGER t BEFORE UPDATE ON key_usage FOR EACH ROW EXECUTE FUNCTION f()", "DROP TRIGGER t ON key_usage", postgres.ErrAltered},
		"a count is taken back":          {with(returns, "UPDATE usage_days SET used = 0; RETURN NULL") + "CREATE TRIGGER t AFTER INSERT ON usage_days EXECUTE FUNCTION f()", "DROP TRIGGER t ON usage_days", postgres.ErrAltered},
		"a trigger for replicas":         {with(returns, "RETURN NULL") + "CREATE TRIGGER t BEFORE UPDATE ON key_usage FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE key_usage ENABLE REPLICA TRIGGER t", "DROP TRIGGER t ON key_usage", postgres.ErrAltered},
		"a revocation is withheld":       {with(returns, "RETURN NULL") + "CREATE TRIGGER t BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION f()", "DROP TRIGGER t ON api_keys", postgres.ErrAltered},
		"a rule does nothing":            {"CREATE RULE r AS ON UPDATE TO api_key_secrets DO INSTEAD NOTHING", "DROP RULE r ON api_key_secrets", postgres.ErrAltered},
		"rows of another table":          {"CREATE TABLE child () INHERITS (key_usage)", "DROP TABLE child", postgres.ErrAltered},
		"a view in a table's place":      {renaming + "CREATE VIEW usage_days AS SELECT * FROM elsewhere", "DROP VIEW usage_days; " + renameBack, postgres.ErrAltered},
	}
}

// TestTablesThatAreNotLoggedAreRefused takes one after the other, but those that
// foreign keys keep from it.
func TestTablesThatAreNotLoggedAreRefused(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.openStrictly(t, postgres.Config{})
	for _, table := range []string{"key_usage", "usage_days", "charge_batches", "reservations", "idempotency_keys", "secret_digests", "api_key_secrets", "admin_tokens", "audit_log"} {
		d.exec(t, with("ALTER TABLE % SET UNLOGGED", table))
		if err := store.Ready(t.Context()); !errors.Is(err, postgres.ErrUnsafeDurability) || !strings.Contains(err.Error(), with("run 'ALTER TABLE % SET LOGGED'", table)) {
			t.Errorf("%s: Ready = %v, want ErrUnsafeDurability", table, err)
		}
		d.exec(t, with("ALTER TABLE % SET LOGGED", table))
	}
	if err := store.Ready(t.Context()); err != nil {
		t.Errorf("Ready = %v in the end", err)
	}
}

// TestChangedTablesAreRefused changes tables while a store is open and before it
// is opened, and undoes it.
func TestChangedTablesAreRefused(t *testing.T) {
	t.Parallel()
	for name, row := range tableChanges() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			store := d.openStrictly(t, postgres.Config{})
			id := createKey(t, store, "")
			wantFinding(t, store, "tables", admin.FindingOK, "all are logged")
			d.exec(t, row.change)
			if err := store.Ready(t.Context()); !errors.Is(err, row.want) {
				t.Errorf("Ready = %v, want %v", err, row.want)
			}
			if _, err := postgres.Open(t.Context(), postgres.Config{URL: d.url}); !errors.Is(err, row.want) || !strings.Contains(err.Error(), "run '") && !strings.Contains(err.Error(), "in its place") {
				t.Errorf("Open = %v, want %v and the cure", err, row.want)
			}
			for what, write := range map[string]func() error{
				"Charge":    func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err },
				"CreateKey": func() error { _, err := store.CreateKey(t.Context(), newKey("")); return err },
			} {
				if err := awaitError(t, write, row.want); !errors.Is(err, ration.ErrStoreUnavailable) {
					t.Errorf("%s = %v, want ErrStoreUnavailable too", what, err)
				}
			}
			accepting := (&database{url: d.url}).openStrictly(t, postgres.Config{AcceptUnsafeDurability: true}.AcceptAltered())
			wantFinding(t, accepting, "tables", map[bool]admin.FindingState{true: admin.FindingProblem, false: admin.FindingWarning}[errors.Is(row.want, postgres.ErrAltered)], "")
			d.exec(t, row.undo)
			if err := store.Ready(t.Context()); err != nil {
				t.Errorf("Ready = %v after it was undone", err)
			}
			if err := awaitError(t, func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err }, nil); err != nil {
				t.Errorf("Charge = %v after it was undone", err)
			}
		})
	}
}

// awaitError does something until its error is another one.
func awaitError(t *testing.T, do func() error, want error) (err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = do(); errors.Is(err, want) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the error stays %v, want %v", err, want)
		}
	}
}

// Row security hides rows from roles that are neither the owner nor superusers: a
// limit that is not seen is not kept.
func TestRowSecurityIsRefused(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	limited, _ := limitedRole(t, d)
	config := postgres.Config{URL: limited.url}
	d.exec(t, "ALTER TABLE api_key_limits ENABLE ROW LEVEL SECURITY")
	if _, err := postgres.Open(t.Context(), config); !errors.Is(err, postgres.ErrAltered) || !strings.Contains(err.Error(), "row security") {
		t.Errorf("Open = %v, want ErrAltered", err)
	}
	d.openStrictly(t, postgres.Config{}) // a superuser, whom it does not concern
	d.exec(t, "ALTER TABLE api_key_limits DISABLE ROW LEVEL SECURITY")
	limited.openStrictly(t, postgres.Config{})
}

// TestRowsThatAreWithheldAreNoChange lets triggers pass, so that nothing but the
// count of rows is left to notice them.
func TestRowsThatAreWithheldAreNoChange(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	operations := admin.New(store, admin.Config{})
	day := []ration.Limit{{Meter: ration.MeterRequests, Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: 1}}
	if _, err := operations.CreatePlan(t.Context(), "test", admin.NewPlan{Name: "first", Limits: day}); err != nil {
		t.Fatal(err)
	}
	first, err := operations.CreateKey(t.Context(), "test", admin.NewKey{Name: "first"})
	if err != nil {
		t.Fatal(err)
	}
	d.exec(t, with(returns, "RETURN NULL"))
	createKey := func() error {
		_, err := operations.CreateKey(t.Context(), "test", admin.NewKey{Name: "second"})
		return err
	}
	for withhold, change := range map[string]func() error{
		"INSERT ON api_keys":        createKey,
		"INSERT ON key_usage":       createKey,
		"INSERT ON secret_digests":  createKey,
		"INSERT ON api_key_secrets": createKey,
		"INSERT ON audit_log":       createKey,
		"UPDATE ON api_key_secrets": func() error {
			_, err := operations.RotateKey(t.Context(), "test", admin.Rotation{ID: first.Key.ID})
			return err
		},
		"UPDATE ON api_keys": func() error {
			_, err := operations.UpdateKey(t.Context(), "test", admin.KeyPatch{ID: first.Key.ID, Name: new("another")})
			return err
		},
		"INSERT ON plans": func() error {
			_, err := operations.CreatePlan(t.Context(), "test", admin.NewPlan{Name: "second", Limits: day})
			return err
		},
		"INSERT ON plan_limits": func() error {
			_, err := operations.CreatePlan(t.Context(), "test", admin.NewPlan{Name: "third", Limits: day})
			return err
		},
		"UPDATE ON plans": func() error {
			_, err := operations.UpdatePlan(t.Context(), "test", admin.PlanPatch{Name: "first", TimeZone: new("Europe/Rome")})
			return err
		},
		"INSERT ON admin_tokens": func() error {
			_, err := operations.CreateToken(t.Context(), "test", admin.NewToken{Name: "n", Scopes: []string{admin.ScopeVerify}})
			return err
		},
	} {
		_, table, _ := strings.Cut(withhold, " ON ")
		d.exec(t, "CREATE TRIGGER t BEFORE "+withhold+" FOR EACH ROW EXECUTE FUNCTION f()")
		if err := change(); err == nil {
			t.Errorf("%s: the change is told as made", withhold)
		}
		d.exec(t, "DROP TRIGGER t ON "+table)
		if err := change(); err != nil {
			t.Errorf("%s: %v without the trigger", withhold, err)
		}
	}
}
