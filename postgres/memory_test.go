package postgres_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// desk is a store with a key that is remembered, and another one, which remembers nothing.
type desk struct {
	*storetest.Desk
	database *database
	store    *postgres.Store
	other    storetest.Store
	clock    *fakeClock
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	config := postgres.Config{InstanceClock: clock.now}.Patient(8)
	store := d.open(t, config)
	store.AlwaysRecall()
	harness := storetest.Harness{Store: store, SetNow: func(now time.Time) { clock.set(t, now) }, Purge: postgres.PurgeHistory}
	return &desk{storetest.NewDesk(t, harness), d, store, d.open(t, config), clock}
}

// remember charges the key until it is decided by what is remembered.
func (d *desk) remember() {
	d.Helper()
	if !d.remembers() {
		d.Fatal("the key is not decided by what is remembered")
	}
}

func (d *desk) remembers() bool {
	d.Helper()
	before, _ := d.store.Remembered()
	for range 3 {
		d.ChargeRequest()
		if held, _ := d.store.Remembered(); held > before {
			return true
		}
	}
	return false
}

// changesByItself are writers after whose preparation the key has a plan that will change,
// which is not remembered.
const changesByItself = "a next plan that is given"

// TestWhatIsWrittenIsNotRememberedOtherwise has each writer write between two charges, of
// which the second one would be decided by what is remembered. It gets the answer that a
// store gives that remembers nothing.
func TestWhatIsWrittenIsNotRememberedOtherwise(t *testing.T) {
	t.Parallel()
	for name, w := range storetest.Writers() {
		if name == "Backup" { // PostgreSQL has its own
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if w.Prepare != nil {
				if err := w.Prepare(t.Context(), d.Desk); err != nil {
					t.Fatal(err)
				}
			}
			if d.remembers() == (name == changesByItself) {
				t.Error("the key is not decided by what is remembered, or is though its plan will change")
			}
			if err := w.Write(t.Context(), d.Desk); err != nil {
				t.Fatal(err)
			}
			want := d.Preview(d.other)
			got := d.ChargeRequest()
			got.DryRun = want.DryRun
			if !reflect.DeepEqual(got, want) {
				t.Errorf("decided\n%+v, want\n%+v", got, want)
			}
		})
	}
}

// TestForeignWritersAreNoticed has another connection write between two charges, as psql
// does.
func TestForeignWritersAreNoticed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, step := range []struct {
		statement string
		want      ration.Code
	}{
		{"UPDATE api_keys SET status = 'disabled'", ration.CodeKeyDisabled},
		{"UPDATE api_keys SET status = 'active'", ration.CodeOK},
		{"UPDATE plan_limits SET quantity = 1 WHERE period = 'day'", ration.CodeQuotaExceeded},
		{"UPDATE key_usage SET used = 0, day_used = 0", ration.CodeOK},
		{"UPDATE key_usage SET day_used = 0", ration.CodeOK},
		{"DELETE FROM plan_limits WHERE period = 'day'", ration.CodeOK},
		{"INSERT INTO plan_limits (plan, meter, kind, period, name, quantity, burst) SELECT plan, meter, 'quota', 'day', 'd', 2, 0 FROM plan_limits WHERE period = 'second' AND plan = 'plan'", ration.CodeQuotaExceeded},
		{"UPDATE key_usage SET day_used = 0", ration.CodeOK},
		{"UPDATE api_key_secrets SET revoked_at = '2020-01-01'", ration.CodeKeyRevoked},
		{"UPDATE api_key_secrets SET revoked_at = NULL, expires_at = '2020-01-01'", ration.CodeKeyExpired},
		{"UPDATE api_key_secrets SET expires_at = NULL", ration.CodeQuotaExceeded},
		{"INSERT INTO api_key_limits (api_key_id, meter, kind, period, name, unlimited, quantity, burst) SELECT id, 'requests', 'quota', 'day', '', true, 0, 0 FROM api_keys", ration.CodeOK},
		{"UPDATE api_key_limits SET unlimited = false", ration.CodeQuotaExceeded},
		{"DELETE FROM api_key_limits", ration.CodeQuotaExceeded},
		{"UPDATE plans SET time_zone = 'Asia/Tokyo'; UPDATE plan_limits SET quantity = 1000 WHERE period = 'day'", ration.CodeOK},
		{"DELETE FROM usage_days", ration.CodeOK},
		{"UPDATE admin_tokens SET revoked_at = '2020-01-01'", ration.CodeTokenInvalid},
	} {
		if step.statement[:3] != "IN" {
			d.remember()
		}
		d.database.exec(t, step.statement)
		if code := d.ChargeRequest().Code; code != step.want {
			t.Errorf("after %s: %s, want %s", step.statement, code, step.want)
		}
	}
}

// TestEndsAreNoticed lets the database's clock pass an end that decisions depend on while
// the instance still takes it to be before.
func TestEndsAreNoticed(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		set  string
		at   time.Time
		want ration.Code
		left int64 // of the day
	}{
		"a day":    {"", noon.Truncate(24 * time.Hour).Add(24 * time.Hour), ration.CodeOK, 999},
		"a key":    {"UPDATE api_keys SET expires_at = '2026-07-15 12:00:01+00'", noon.Add(time.Second), ration.CodeKeyExpired, 0},
		"a secret": {"UPDATE api_key_secrets SET expires_at = '2026-07-15 12:00:01+00'", noon.Add(time.Second), ration.CodeKeyExpired, 0},
		"a token":  {"UPDATE admin_tokens SET expires_at = '2026-07-15 12:00:01+00'", noon.Add(time.Second), ration.CodeTokenInvalid, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if end.set != "" {
				d.database.exec(t, end.set)
			}
			before := end.at.Add(-time.Microsecond)
			d.SetNow(before)
			d.remember()
			d.clock.set(t, end.at)
			d.clock.setInstance(before)
			decision := d.ChargeRequest()
			if decision.Code != end.want || !decision.DecidedAt.Equal(end.at) {
				t.Fatalf("%s at %s, want %s at %s", decision.Code, decision.DecidedAt, end.want, end.at)
			}
			for _, limit := range decision.Limits {
				if limit.Period == ration.PeriodDay && limit.Remaining != end.left {
					t.Errorf("%d remain, want %d", limit.Remaining, end.left)
				}
			}
		})
	}
}

// TestClockThatStepsBackIsNoticed sets the database's clock back, while the instance's goes on.
func TestClockThatStepsBackIsNoticed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.remember()
	d.clock.set(t, noon.Add(-time.Minute))
	d.clock.setInstance(noon)
	if decision := d.ChargeRequest(); decision.Code != ration.CodeOK || !decision.DecidedAt.Equal(noon.Add(-time.Minute)) {
		t.Errorf("%s at %s, want ok by the database's clock", decision.Code, decision.DecidedAt)
	}
	d.remember()
}

// TestWhatIsNotRemembered charges keys in ways that are not decided by what is remembered,
// and others between that are.
func TestWhatIsNotRemembered(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{Lanes: 1}) // a second one would connect between
	store.AlwaysRecall()
	createPlan(t, store, "plain", "1000/day", "1000/second")
	createPlan(t, store, "concurrent", "1000/day", "3 at once")
	plain, other, concurrent := createKey(t, store, "plain"), createKey(t, store, ""), createKey(t, store, "concurrent")
	amounts := func(units int64, more ...ration.Amount) []ration.Amount {
		return append([]ration.Amount{{Meter: ration.MeterRequests, Units: units}}, more...)
	}
	item := func(charge ration.Charge) testbatch.Item { return testbatch.Item{Charge: charge} }
	for _, step := range []struct {
		name  string
		items []testbatch.Item
		held  int64
	}{
		{"a new key", []testbatch.Item{item(ration.Charge{KeyID: plain})}, 0},
		{"a key", []testbatch.Item{item(ration.Charge{KeyID: plain})}, 1},
		{"a key, five times, with amounts", []testbatch.Item{item(ration.Charge{KeyID: plain, Amounts: amounts(0)}), item(ration.Charge{KeyID: plain, Amounts: amounts(7)}), item(ration.Charge{KeyID: plain})}, 1},
		{"denied", []testbatch.Item{item(ration.Charge{KeyID: plain, Amounts: amounts(5000)})}, 1},
		{"beside another key that is new", []testbatch.Item{item(ration.Charge{KeyID: plain}), item(ration.Charge{KeyID: other})}, 0},
		{"beside another key", []testbatch.Item{item(ration.Charge{KeyID: plain}), item(ration.Charge{KeyID: other})}, 1},
		{"a dry run", []testbatch.Item{item(ration.Charge{KeyID: plain, DryRun: true})}, 0},
		{"after a dry run", []testbatch.Item{item(ration.Charge{KeyID: plain})}, 1},
		{"another meter", []testbatch.Item{item(ration.Charge{KeyID: plain, Amounts: amounts(1, ration.Amount{Meter: "tokens", Units: 5})})}, 0},
		{"a key that nobody has", []testbatch.Item{item(ration.Charge{KeyID: ration.NewKeyID()}), item(ration.Charge{KeyID: plain})}, 0},
		{"a secret that the key has not", []testbatch.Item{{Charge: ration.Charge{KeyID: plain}, SecretID: ration.NewSecretID()}}, 0},
		{"a limit on what is in flight", []testbatch.Item{item(ration.Charge{KeyID: concurrent})}, 0},
		{"again", []testbatch.Item{item(ration.Charge{KeyID: concurrent})}, 0},
	} {
		before, _ := store.Remembered()
		if _, err := store.Charge(t.Context(), testbatch.Of(t, step.items...)); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		held, changed := store.Remembered()
		if held-before != step.held || changed != 0 {
			t.Errorf("%s: %d decided by what is remembered, want %d; %d changed", step.name, held-before, step.held, changed)
		}
	}
}

// TestKeyOfTwoInstancesIsNotTriedAgainAndAgain has two instances charge one key in turn.
func TestKeyOfTwoInstancesIsNotTriedAgainAndAgain(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	stores := []*postgres.Store{d.open(t, postgres.Config{}), d.open(t, postgres.Config{})}
	createPlan(t, stores[0], "plan", "1000000/day")
	key := createKey(t, stores[0], "plan")
	for _, store := range stores {
		store.AlwaysRecall()
	}
	const rounds = 200
	for range rounds {
		for _, store := range stores {
			charge(t, store, key)
		}
	}
	for i, store := range stores {
		if held, changed := store.Remembered(); held != 0 || changed > 8 {
			t.Errorf("instance %d: %d batches were as remembered, and %d were not, of %d", i, held, changed, rounds)
		}
	}
	for range 100 { // the other one has stopped
		charge(t, stores[0], key)
	}
	if held, _ := stores[0].Remembered(); held == 0 {
		t.Error("the key is not trusted again")
	}
	if used := ask[int64](t, d, "SELECT used FROM key_usage"); used != 2*rounds+100 {
		t.Errorf("%d recorded, want %d", used, 2*rounds+100)
	}
}
