package sqlite_test

import (
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// desk is a store with a key that is remembered, and its administration.
type desk struct {
	*storetest.Desk
	store *sqlite.Store
}

func newDesk(t *testing.T) desk {
	t.Helper()
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, UsageDays: 40 * 24 * time.Hour})
	return desk{storetest.NewDesk(t, storetest.Harness{Store: store, SetNow: clock.set, Purge: sqlite.PurgeHistory}), store}
}

// TestEveryOperationIsAWriterOrAReader keeps the tables complete.
func TestEveryOperationIsAWriterOrAReader(t *testing.T) {
	known := make(map[string]int)
	for name := range storetest.OperationsThatWrite {
		known[name]++
	}
	for _, name := range storetest.OperationsThatRead {
		known[name]++
	}
	for method := range reflect.TypeFor[rationadmin.Operations]().Methods() {
		if known[method.Name] != 1 {
			t.Errorf("%s stands %d times in the tables of storetest, not once", method.Name, known[method.Name])
		}
		delete(known, method.Name)
	}
	for name := range known {
		t.Errorf("%s is no operation", name)
	}
}

// TestWhatIsWrittenIsNotRememberedOtherwise has each writer write between two charges. The
// second one, like all in these tests, holds what is remembered against what is kept. A
// memory that forgets nothing shows that there was something to forget.
func TestWhatIsWrittenIsNotRememberedOtherwise(t *testing.T) {
	for name, w := range storetest.Writers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prepared := func() desk {
				d := newDesk(t)
				if w.Prepare != nil {
					if err := w.Prepare(t.Context(), d.Desk); err != nil {
						t.Fatal(err)
					}
					d.Charge()
				}
				if keys, _, err := d.store.Remembered(t.Context()); err != nil || len(keys) == 0 {
					t.Fatalf("%d keys are remembered: %v", len(keys), err)
				}
				return d
			}
			d := prepared()
			if err := w.Write(t.Context(), d.Desk); err != nil {
				t.Fatal(err)
			}
			if _, err := d.store.CompareMemory(t.Context()); err != nil {
				t.Error(err)
			}
			d.Charge()

			d = prepared()
			if err := d.store.WithoutForgetting(t.Context(), func() error { return w.Write(t.Context(), d.Desk) }); err != nil {
				t.Fatal(err)
			}
			if _, err := d.store.CompareMemory(t.Context()); (err != nil) != w.Changes {
				t.Errorf("where nothing is forgotten: %v; it changes what is remembered: %t", err, w.Changes)
			}
		})
	}
}

// TestForeignWritersAreNoticed has another connection write between two charges, as the
// shell of SQLite does.
func TestForeignWritersAreNoticed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tool, err := sql.Open("sqlite", d.store.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	write := func(statement string) {
		t.Helper()
		if _, err := tool.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		statement string
		want      ration.Code
	}{
		{"UPDATE api_keys SET status = 'disabled'", ration.CodeKeyDisabled},
		{"UPDATE api_keys SET status = 'active'", ration.CodeOK},
		{"UPDATE plan_limits SET quantity = 1 WHERE period = 'day'", ration.CodeQuotaExceeded},
		{"UPDATE key_usage SET used = 0, day_used = 0", ration.CodeOK},
		{"UPDATE api_key_secrets SET revoked_at = 1", ration.CodeKeyRevoked},
		{"UPDATE api_key_secrets SET revoked_at = NULL", ration.CodeQuotaExceeded},
		{"INSERT INTO api_key_limits (api_key_id, meter, kind, period, name, unlimited, quantity, burst) SELECT id, 'requests', 'quota', 'day', '', 1, 0, 0 FROM api_keys", ration.CodeOK},
		{"UPDATE admin_tokens SET revoked_at = 1", ration.CodeTokenInvalid},
	} {
		write(step.statement)
		if code := d.Charge(); code != step.want {
			t.Errorf("after %s: %s, want %s", step.statement, code, step.want)
		}
	}
}

// TestOnlyRecentKeysAreRemembered charges more keys than may be remembered.
func TestOnlyRecentKeysAreRemembered(t *testing.T) {
	t.Parallel()
	store := open(t, sqlite.Config{Path: newPath(t)})
	many := make([]string, 2_000)
	for i := range many {
		many[i] = fmt.Sprint("scope-", i)
	}
	most := sqlite.MostParts / len(many) // keys with so many scopes, and less than one more
	ids := make([]ration.KeyID, most+5)
	for i := range ids {
		record, err := store.CreateKey(t.Context(), func(change *admin.KeyChange) error {
			err := newKey("")(change)
			change.Key.Scopes = many
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = record.ID
	}
	for _, id := range ids {
		charge(t, store, ids[0], id)
	}
	keys, parts, err := store.Remembered(t.Context())
	if err != nil || parts > sqlite.MostParts || len(keys) < most-2 || len(keys) >= len(ids) {
		t.Fatalf("%d keys are remembered, with %d parts: %v", len(keys), parts, err)
	}
	newest := slices.Clone(ids[len(ids)-len(keys)+1:])
	slices.Reverse(newest)
	if want := slices.Insert(newest, 1, ids[0]); !slices.Equal(keys, want) {
		t.Errorf("remembered are %v, want %v", keys, want)
	}
}
