package postgres_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/postgres"
)

// TestRepairKeepsReservations: reservations hold what they hold until they end.
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
	if want := "2026-07-15 1 1 2 3 4 5"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
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
				decisions, err := other.Charge(t.Context(), batchOf(t, id))
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
