package postgres_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// skewed opens an instance whose clock is off.
func skewed(t *testing.T, d *database, clock *fakeClock, by time.Duration) *postgres.Store {
	t.Helper()
	return d.open(t, postgres.Config{InstanceClock: func() time.Time { return clock.now().Add(by) }})
}

// decide charges so many units and returns the decision without what tells keys apart.
func decide(t *testing.T, store *postgres.Store, key ration.KeyID, requests int64) ration.Decision {
	t.Helper()
	charge := ration.Charge{KeyID: key, Amounts: []ration.Amount{{Meter: ration.MeterRequests, Units: requests}}}
	decisions, err := store.Charge(t.Context(), testbatch.Charges(t, charge))
	if err != nil {
		t.Fatal(err)
	}
	decisions[0].KeyID = ration.KeyID{}
	return decisions[0]
}

// TestSkewedInstancesDecideAsOne charges one key through instances that are nine
// minutes off, and another through one that is right, over many boundaries.
func TestSkewedInstancesDecideAsOne(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	right := skewed(t, d, clock, 0)
	fleet := []*postgres.Store{skewed(t, d, clock, 9*time.Minute), skewed(t, d, clock, -9*time.Minute), right}
	createPlan(t, right, "plan", "4/hour", "20/day", "90/week", "5/minute burst 3")
	one, other := createKey(t, right, "plan"), createKey(t, right, "plan")
	random := rand.New(rand.NewPCG(16, 1))
	steps := []time.Duration{0, time.Second, 30 * time.Second, 7 * time.Minute, 29 * time.Minute, 5 * time.Hour}
	codes := map[ration.Code]int{}
	for now := noon; now.Before(noon.Add(10 * 24 * time.Hour)); now = now.Add(steps[random.IntN(len(steps))]) {
		clock.set(t, now)
		units := random.Int64N(3)
		want, got := decide(t, right, other, units), decide(t, fleet[random.IntN(len(fleet))], one, units)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("at %s (-without skew +with):\n%s", now, diff)
		}
		codes[got.Code]++
	}
	if codes[ration.CodeOK] < 50 || codes[ration.CodeQuotaExceeded] == 0 || codes[ration.CodeRateExceeded] == 0 {
		t.Errorf("codes %v, want all kinds", codes)
	}
}

// TestInstanceThatIsFarOffBeginsNoPeriod: others do, and it goes on with them.
func TestInstanceThatIsFarOffBeginsNoPeriod(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	right := skewed(t, d, clock, 0)
	createPlan(t, right, "plan", "9/hour")
	for i, by := range []time.Duration{11 * time.Minute, -11 * time.Minute} {
		off := skewed(t, d, clock, by)
		key := createKey(t, right, "plan")
		hour := noon.Add(time.Duration(i+1) * time.Hour)
		clock.set(t, hour)
		if err := off.Ready(t.Context()); !errors.Is(err, ration.ErrClockSuspect) {
			t.Errorf("%s off: ready %v, want %v", by, err, ration.ErrClockSuspect)
		}
		for _, row := range []struct {
			store *postgres.Store
			want  ration.Code
		}{{off, ration.CodeClockSuspect}, {right, ration.CodeOK}, {off, ration.CodeOK}} {
			if got := decide(t, row.store, key, 1).Code; got != row.want {
				t.Errorf("%s off: code %s, want %s", by, got, row.want)
			}
		}
		clock.set(t, hour.Add(59*time.Minute+59*time.Second))
		if got := decide(t, off, key, 1).Code; got != ration.CodeOK {
			t.Errorf("%s off, in an hour that has begun: code %s", by, got)
		}
	}
}
