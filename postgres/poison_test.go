package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/postgres"
)

// onRows makes a statement run as a trigger for the rows of one key.
func (d *database) onRows(t *testing.T, when, table string, id ration.KeyID, statement string) {
	t.Helper()
	d.exec(t, fmt.Sprintf(`
		CREATE FUNCTION poison_%[1]s() RETURNS trigger LANGUAGE plpgsql AS $body$
		BEGIN
			IF NEW.api_key_id = '%[2]s' THEN %[3]s; END IF;
			RETURN NEW;
		END $body$`, table, uuid.UUID(id), statement))
	kind := "TRIGGER"
	if when == "AFTER" { // at COMMIT
		kind = "CONSTRAINT TRIGGER"
		when += " INSERT OR UPDATE ON " + table + " DEFERRABLE INITIALLY DEFERRED"
	} else {
		when += " INSERT OR UPDATE ON " + table
	}
	d.exec(t, fmt.Sprintf("CREATE %s poison %s FOR EACH ROW EXECUTE FUNCTION poison_%s()", kind, when, table))
}

// poisons are ways to make every batch fail that has a charge of a key, for a
// reason that passes neither by itself nor with the connection.
var poisons = map[string]func(*testing.T, *database, ration.KeyID){
	"a write fails": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.onRows(t, "BEFORE", "usage_days", id, "RAISE division_by_zero")
	},
	"COMMIT fails": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.onRows(t, "AFTER", "key_usage", id, "RAISE division_by_zero")
	},
	"a check fails": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.exec(t, fmt.Sprintf("ALTER TABLE key_usage ADD CHECK (api_key_id <> '%s' OR day_used <= 2)", uuid.UUID(id)))
	},
	"an update is swallowed": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.onRows(t, "BEFORE", "key_usage", id, "RETURN NULL")
	},
	"the history is swallowed": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.onRows(t, "BEFORE", "usage_days", id, "RETURN NULL")
	},
	"its batch's id is swallowed": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.onRows(t, "BEFORE", "charge_batches", id, "RETURN NULL")
	},
	"its zone is damaged": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.exec(t, "UPDATE api_keys SET time_zone = 'No/Where' WHERE id = $1", [16]byte(id))
	},
	"its plan is gone": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.exec(t, "ALTER TABLE api_keys DROP CONSTRAINT api_keys_plan_fkey")
		d.exec(t, "UPDATE api_keys SET plan = 'gone' WHERE id = $1", [16]byte(id))
	},
	"its limit is damaged": func(t *testing.T, d *database, id ration.KeyID) {
		t.Helper()
		d.exec(t, "INSERT INTO api_key_limits VALUES ($1, 'requests', 'quota', 'second', 'd', false, 10, 0)", [16]byte(id))
	},
}

// mixing is a store that counts the batches that hold a key beside others.
type mixing struct {
	*postgres.Store
	key   ration.KeyID
	mixed atomic.Int64
}

func (m *mixing) Charge(ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
	var has, others bool
	for i := range batch.Items {
		has = has || batch.Items[i].KeyID == m.key
		others = others || batch.Items[i].KeyID != m.key
	}
	if has && others {
		m.mixed.Add(1)
	}
	return m.Store.Charge(ctx, batch)
}

func TestPoisonousChargeFailsAlone(t *testing.T) {
	t.Parallel()
	const callers, charges, limit = 6, 8, 38 // of 48 charges of a key
	for name, poison := range poisons {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			store := &mixing{Store: d.open(t, postgres.Config{Lanes: 1})}
			createPlan(t, store.Store, "limited", fmt.Sprintf("%d/day", limit), "100000/second")
			keys := []ration.KeyID{createKey(t, store.Store, "limited"), createKey(t, store.Store, "limited"), createKey(t, store.Store, ""), createKey(t, store.Store, "limited")}
			store.key = keys[0]
			charge(t, store, keys[0], keys[0]) // so that later ones only add
			poison(t, d, keys[0])
			before := d.recorded(t, keys[0])

			engine := newEngine(t, store, ration.EngineConfig{})
			admitted := make([]atomic.Int64, len(keys))
			var wg sync.WaitGroup
			for i, id := range keys {
				for range callers {
					wg.Go(func() {
						for range charges {
							decision, err := engine.Charge(t.Context(), ration.Charge{KeyID: id})
							switch {
							case i == 0 && (err == nil || errors.Is(err, ration.ErrStoreUnavailable) || errors.Is(err, ration.ErrOutcomeUnknown)):
								t.Errorf("the poisonous charge: %v, %v", decision.Code, err)
							case i != 0 && err != nil:
								t.Errorf("a neighbour: %v", err)
							case decision.Allowed():
								admitted[i].Add(1)
							}
						}
					})
				}
			}
			wg.Wait()
			for i, want := range []int64{0, limit, callers * charges, limit} {
				if got := admitted[i].Load(); got != want {
					t.Errorf("key %d: %d were admitted, want %d", i, got, want)
				}
				if got := d.used(t, keys[i]); i != 0 && got != want {
					t.Errorf("key %d: %d are recorded, want %d", i, got, want)
				}
			}
			if got := d.recorded(t, keys[0]); got != before {
				t.Errorf("the poisonous charges changed %s to %s", before, got)
			}
			if store.mixed.Load() == 0 {
				t.Error("no batch held the poison beside others")
			}
		})
	}
}

// recorded returns what is stored of a key's usage, as text.
func (d *database) recorded(t *testing.T, id ration.KeyID) string {
	t.Helper()
	return ask[string](t, d, `SELECT jsonb_build_array(
		(SELECT jsonb_agg(to_jsonb(k) ORDER BY meter) FROM key_usage k WHERE api_key_id = $1),
		(SELECT jsonb_agg(to_jsonb(u) ORDER BY date, meter) FROM usage_days u WHERE api_key_id = $1))::text`, [16]byte(id))
}

// TestPanicLeavesNoLock makes the instance's clock panic once, in the middle of a
// transaction.
func TestPanicLeavesNoLock(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	other := d.open(t, postgres.Config{})
	id := createKey(t, other, "")
	var panicked sync.Once
	store := d.open(t, postgres.Config{Lanes: 1, InstanceClock: func() time.Time {
		panicked.Do(func() { panic("made up") })
		return time.Now()
	}})
	engine := newEngine(t, store, ration.EngineConfig{})
	if _, err := engine.Charge(t.Context(), ration.Charge{KeyID: id}); !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("Charge = %v, want ErrOutcomeUnknown", err)
	}
	for _, store := range []*postgres.Store{other, store} {
		if got := charge(t, store, id); got[0] != ration.CodeOK {
			t.Errorf("got %v after the panic", got)
		}
	}
	if got := d.used(t, id); got != 2 {
		t.Errorf("%d are recorded, want 2", got)
	}
}
