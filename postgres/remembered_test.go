package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestRowsWhoseVersionsAddUpToTheSameAreNoticed has a transaction that is older than one
// that has committed write two rows, so that the sum of their versions stays as it is.
func TestRowsWhoseVersionsAddUpToTheSameAreNoticed(t *testing.T) {
	t.Parallel()
	for table, of := range map[string]struct{ one, another, lower string }{
		"plan_limits": {
			"plan = 'plan' AND period = 'second'", "plan = 'plan' AND period = 'month'",
			"UPDATE plan_limits SET quantity = 1, burst = 1 WHERE plan = 'plan' AND period <> 'day'",
		},
		"api_key_limits": {"period = 'day'", "period = 'month'", "UPDATE api_key_limits SET quantity = 1"},
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.database.exec(t, "INSERT INTO api_key_limits (api_key_id, meter, kind, period, name, unlimited, quantity, burst) SELECT id, 'requests', 'quota', period, '', false, 500, 0 FROM api_keys, unnest('{day,month}'::text[]) period")
			touch := func(row string) int64 {
				return ask[int64](t, d.database, fmt.Sprintf("UPDATE %s SET name = name WHERE %s RETURNING xmin::text::bigint", table, row))
			}
			old := &database{conn: connect(t, d.database.url)}
			for found, tries := false, 0; !found; tries++ {
				if tries == 1000 {
					t.Fatal("other tests have taken all ids of transactions that would do")
				}
				first := touch(of.one)
				old.exec(t, "ROLLBACK")
				old.exec(t, "BEGIN")
				between := ask[int64](t, old, "SELECT pg_current_xact_id()::text::bigint")
				for last := between; last < 2*between-first; {
					last = touch(of.another)
					found = last == 2*between-first
				}
			}
			d.remember()
			old.exec(t, of.lower)
			old.exec(t, "COMMIT")
			want := d.Preview(d.other)
			if got := d.ChargeRequest(); want.Allowed() || got.Code != want.Code {
				t.Errorf("got %s, want %s, which is a denial", got.Code, want.Code)
			}
		})
	}
}

// TestNothingIsDecidedByATimeLongAgo lets the database's clock go on while the instance's
// stands still, as that of a machine that was suspended does.
func TestNothingIsDecidedByATimeLongAgo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.database.exec(t, "UPDATE plan_limits SET quantity = 1, burst = 1 WHERE period = 'second'")
	d.remember()
	if code := d.ChargeRequest().Code; code != ration.CodeRateExceeded {
		t.Fatalf("got %s, want a denial", code)
	}
	later := noon.Add(5 * time.Second)
	d.clock.set(t, later)
	d.clock.setInstance(noon)
	for _, want := range []ration.Code{ration.CodeOK, ration.CodeRateExceeded} {
		if decision := d.ChargeRequest(); decision.Code != want || !decision.DecidedAt.Equal(later) {
			t.Errorf("%s at %s, want %s at %s", decision.Code, decision.DecidedAt, want, later)
		}
	}
}

// TestServerThatWasLeftByAPromotionIsRefusedByThoseWhoRemember has an instance hear of a
// promotion on another connection than that of its lane.
func TestServerThatWasLeftByAPromotionIsRefusedByThoseWhoRemember(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.remember()
	if err := d.store.HearOfTimeline(1000); err != nil {
		t.Fatal(err)
	}
	if _, err := d.store.Charge(t.Context(), testbatch.Requests(t, d.Key.ID)); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("Charge = %v, want ErrStoreUnavailable", err)
	}
}

// TestBatchThatWasNeverSentIsNotTooLate has a batch that is remembered be decided anew,
// after the server's clock has gone on without the instance's.
func TestBatchThatWasNeverSentIsNotTooLate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.remember()
	d.store.RememberServerTime(-time.Hour)
	d.database.exec(t, "UPDATE key_usage SET denied = denied")
	if _, err := d.store.Charge(t.Context(), testbatch.Requests(t, d.Key.ID)); err != nil {
		t.Errorf("Charge = %v", err)
	}
}

// TestNothingIsUnknownOfAConnectionThatDiedWhileItIdled loses the server after nothing was
// charged for a minute, such as while the machine was suspended.
func TestNothingIsUnknownOfAConnectionThatDiedWhileItIdled(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock, wire := newFakeClock(t, d, noon), testdb.NewWire(t, d.url)
	store := (&database{url: wire.DSN()}).open(t, postgres.Config{Lanes: 1, InstanceClock: clock.now})
	store.AlwaysRecall()
	key := createKey(t, store, "")
	for range 3 {
		charge(t, store, key)
	}
	if held, _ := store.Remembered(); held == 0 {
		t.Fatal("the key is not decided by what is remembered")
	}
	clock.set(t, noon.Add(time.Minute))
	wire.Refuse()
	wire.BreakAll()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := store.Charge(ctx, testbatch.Requests(t, key)); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("Charge = %v, want ErrStoreUnavailable, for COMMIT was not sent", err)
	}
	wire.Heal()
	before, _ := store.Remembered()
	for range 2 {
		charge(t, store, key)
	}
	if held, _ := store.Remembered(); held != before+1 {
		t.Error("the key is not decided by what is remembered any more")
	}
}
