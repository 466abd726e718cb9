package postgres_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// TestRepairKeepsReservations: reservations hold what they hold until they end, but
// nothing of a period that is moved, to which their end will not be posted.
func TestRepairKeepsReservations(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon.Add(10*365*24*time.Hour))
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	charge(t, store, createKey(t, store, ""))
	d.exec(t, "UPDATE key_usage SET reserved = 1, hour_reserved = 2, day_reserved = 3, week_reserved = 4, month_reserved = 5")
	clock.set(t, noon)
	done, err := admin.New(store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
	if err != nil || done.Repaired != 1 {
		t.Fatalf("repaired %+v, %v", done, err)
	}
	got := ask[string](t, d, `SELECT concat_ws(' ', day_label, used, reserved, hour_reserved, day_reserved, week_reserved, month_reserved) FROM key_usage`)
	if want := "2026-07-15 1 1 0 0 0 0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestRepairedPeriodHoldsWhatIsStillReserved: what was reserved before the clock was
// ahead is settled to the period that the repair takes back, beside what is used there.
func TestRepairedPeriodHoldsWhatIsStillReserved(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	id := ration.NewReservationID()
	held := hold(id, 600)
	held.Hold.TTL = 24 * time.Hour
	wantCodes(t, r.charges(t, held), ration.CodeOK)
	r.clock.set(t, noon.Add(20*time.Hour))
	wantCodes(t, r.charges(t, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(1)}}), ration.CodeOK)
	r.clock.set(t, noon)
	done, err := admin.New(r.store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
	if err != nil || done.Repaired != 1 {
		t.Fatalf("repaired %+v, %v", done, err)
	}
	wantCodes(t, r.charges(t, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(400)}}, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(399)}}), ration.CodeQuotaExceeded, ration.CodeOK)
	r.want(t, "tokens", same(400, 600))
	wantCodes(t, r.charges(t, settle(id, 600)), ration.CodeOK)
	r.want(t, "tokens", same(1000, 0))
}

// TestRepairMeetsCharges repairs many keys while they are charged. No count is
// lost, whichever comes first.
func TestRepairMeetsCharges(t *testing.T) {
	t.Parallel()
	const keys = 250 // more than one transaction repairs
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon.Add(10*365*24*time.Hour))
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	other := d.open(t, postgres.Config{InstanceClock: clock.now})
	var ids []ration.KeyID
	for range keys {
		ids = append(ids, createKey(t, store, ""))
	}
	charge(t, store, ids...)
	clock.set(t, noon)
	stop, stopped := make(chan struct{}), make(chan map[ration.KeyID]int64)
	begun := make(chan struct{})
	go func() {
		admitted := map[ration.KeyID]int64{}
		for round := 0; ; round++ {
			select {
			case <-stop:
				stopped <- admitted
				return
			default:
			}
			for n := range 10 {
				id := ids[(7*round+25*n)%keys]
				decisions, err := other.Charge(t.Context(), testbatch.Requests(t, id))
				if err != nil {
					t.Errorf("charging during a repair: %v", err)
				} else if decisions[0].Allowed() {
					admitted[id]++
				}
			}
			if round == 0 {
				close(begun)
			}
		}
	}()
	<-begun
	done, err := admin.New(store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
	close(stop)
	admitted := <-stopped
	if err != nil || done.Repaired != keys || !done.Next.IsZero() {
		t.Errorf("repaired %+v, %v; want %d keys", done, err, keys)
	}
	for _, id := range ids {
		want := 1 + admitted[id]
		got := ask[string](t, d, `SELECT concat_ws(' ', k.used, k.day_label, k.day_used, d.used, (SELECT count(*) FROM usage_days u WHERE u.api_key_id = k.api_key_id))
			FROM key_usage k JOIN usage_days d ON d.api_key_id = k.api_key_id AND d.date = k.day_label WHERE k.api_key_id = $1`, [16]byte(id))
		if text := ask[string](t, d, "SELECT concat_ws(' ', $1::bigint, '2026-07-15', $1::bigint, $1::bigint, 1)", want); got != text {
			t.Errorf("%s: %s, want %s", id, got, text)
		}
	}
}

// TestRepairOfManyMeters: however many meters keys have, a transaction writes few
// keys, and their rows with one statement, so that charges need not wait long.
func TestRepairOfManyMeters(t *testing.T) {
	t.Parallel()
	const keys, meters = 50, 61
	d, _, store := usedAhead(t, keys)
	d.exec(t, "INSERT INTO key_usage SELECT (k).* FROM (SELECT json_populate_record(k, json_build_object('meter', 'm' || i)) AS k FROM key_usage k, generate_series(2, $1::int) i) x", meters)
	d.exec(t, "INSERT INTO usage_days SELECT (k).* FROM (SELECT json_populate_record(k, json_build_object('meter', 'm' || i)) AS k FROM usage_days k, generate_series(2, $1::int) i) x", meters)
	done, err := admin.New(store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
	if err != nil || done.Repaired != keys {
		t.Errorf("repaired %+v, %v; want %d keys", done, err, keys)
	}
	for _, table := range []string{"key_usage WHERE day_label", "usage_days WHERE date"} {
		if rows := ask[int64](t, d, "SELECT count(*) FROM "+table+" = '2026-07-15'"); rows != keys*meters {
			t.Errorf("%d rows of %s, want %d", rows, table, keys*meters)
		}
	}
	if most := ask[int64](t, d, "SELECT max(n) FROM (SELECT count(DISTINCT api_key_id) AS n FROM key_usage GROUP BY xmin::text) x"); most > 20 {
		t.Errorf("a transaction has repaired %d keys", most)
	}
	if statements := ask[int64](t, d, "SELECT max(n) FROM (SELECT count(DISTINCT cmin::text) AS n FROM key_usage GROUP BY xmin::text) x"); statements != 1 {
		t.Errorf("a transaction has written key_usage with %d statements", statements)
	}
}

// TestRepairThatIsNotWrittenFails: rows that a trigger withholds would be
// repaired by halves.
func TestRepairThatIsNotWrittenFails(t *testing.T) {
	t.Parallel()
	for name, withhold := range map[string]string{
		"windows":    "UPDATE ON key_usage",
		"added days": "INSERT ON usage_days",
		"old days":   "DELETE ON usage_days",
		"the audit":  "INSERT ON audit_log",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _, store := usedAhead(t, 3)
			const state = `SELECT (SELECT string_agg(k::text, ' ' ORDER BY k::text) FROM key_usage k) ||
				(SELECT string_agg(u::text, ' ' ORDER BY u::text) FROM usage_days u) || (SELECT count(*) FROM audit_log)`
			before := ask[string](t, d, state)
			d.exec(t, "CREATE FUNCTION withhold() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$")
			d.exec(t, "CREATE TRIGGER withhold BEFORE "+withhold+" FOR EACH ROW EXECUTE FUNCTION withhold()")
			done, err := admin.New(store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
			if after := ask[string](t, d, state); done.Repaired != 0 || after != before {
				t.Errorf("repaired %+v, %v; it was\n%s\nand is\n%s", done, err, before, after)
			}
		})
	}
}

// usedAhead makes keys that were used ten years from now.
func usedAhead(t *testing.T, keys int) (*database, []ration.KeyID, *postgres.Store) {
	t.Helper()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon.Add(10*365*24*time.Hour))
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	ids := make([]ration.KeyID, keys)
	for i := range ids {
		ids[i] = createKey(t, store, "")
	}
	charge(t, store, ids...)
	clock.set(t, noon)
	return d, ids, store
}
