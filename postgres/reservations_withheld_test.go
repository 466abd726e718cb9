package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
)

// TestReservationsThatAreNotWrittenAreNotAdmitted: of rows that a trigger
// withholds, each statement has to tell, for COMMIT is sent behind it.
func TestReservationsThatAreNotWrittenAreNotAdmitted(t *testing.T) {
	t.Parallel()
	remembered := testbatch.Item{Charge: ration.Charge{Idempotency: &ration.Idempotency{Key: "one"}}}
	for withhold, charge := range map[string]func(held ration.ReservationID) testbatch.Item{
		"INSERT ON key_usage": func(ration.ReservationID) testbatch.Item {
			charge := hold(ration.NewReservationID(), 0)
			charge.Amounts[0].Meter = "another"
			return charge
		},
		"UPDATE ON key_usage":        func(held ration.ReservationID) testbatch.Item { return settle(held, 1) },
		"INSERT ON usage_days":       func(held ration.ReservationID) testbatch.Item { return settle(held, 1) },
		"INSERT ON reservations":     func(ration.ReservationID) testbatch.Item { return hold(ration.NewReservationID(), 1) },
		"UPDATE ON reservations":     func(held ration.ReservationID) testbatch.Item { return void(held) },
		"INSERT ON idempotency_keys": func(ration.ReservationID) testbatch.Item { return remembered },
	} {
		t.Run(withhold, func(t *testing.T) {
			t.Parallel()
			r := newReserving(t)
			held := ration.NewReservationID()
			wantCodes(t, r.charges(t, hold(held, 5)), ration.CodeOK)
			const state = `SELECT (SELECT string_agg(k::text, ' ' ORDER BY k::text) FROM key_usage k) ||
				(SELECT string_agg(u::text, ' ' ORDER BY u::text) FROM usage_days u) ||
				(SELECT string_agg(r::text, ' ' ORDER BY r::text) FROM reservations r) || (SELECT count(*) FROM idempotency_keys)`
			before := ask[string](t, r.database, state)
			r.exec(t, "CREATE FUNCTION withhold() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$")
			r.exec(t, "CREATE TRIGGER withhold BEFORE "+withhold+" FOR EACH ROW EXECUTE FUNCTION withhold()")
			if decisions, err := r.send(t, r.store, charge(held)); err == nil {
				t.Errorf("decided %v", codesOf(decisions))
			}
			if after := ask[string](t, r.database, state); after != before {
				t.Errorf("it was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

func TestReservationsThatAreDueAreFoundInTheirOrder(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	var ids []ration.ReservationID
	for i := range 4 {
		charge := hold(ration.NewReservationID(), 1)
		charge.Hold.TTL = time.Duration(4-i) * time.Hour
		ids = append(ids, charge.Hold.ID)
		wantCodes(t, r.charges(t, charge), ration.CodeOK)
	}
	wantCodes(t, r.charges(t, void(ids[2])), ration.CodeOK)
	r.clock.set(t, noon.Add(3*time.Hour))
	for _, row := range []struct {
		filter ration.ReservationFilter
		want   []ration.ReservationID
	}{
		{ration.ReservationFilter{Due: true}, []ration.ReservationID{ids[3], ids[1]}},
		{ration.ReservationFilter{Due: true, Limit: 1}, []ration.ReservationID{ids[3]}},
		{ration.ReservationFilter{KeyID: r.key, Open: true}, []ration.ReservationID{ids[3], ids[1], ids[0]}},
		{ration.ReservationFilter{KeyID: ration.NewKeyID()}, nil},
	} {
		found, err := r.store.Reservations(t.Context(), row.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []ration.ReservationID
		for i := range found {
			got = append(got, found[i].ID)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v, want %v", row.filter, got, row.want)
		}
	}
}
