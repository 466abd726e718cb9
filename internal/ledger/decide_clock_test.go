package ledger_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// wandering is a key whose database and instance have clocks of their own.
type wandering struct {
	policy             ledger.Policy
	usage              ledger.Usage
	truth              time.Time
	database, instance time.Duration // how far the clocks are off
	together           bool          // both were ahead by more than the tolerance at once
	admitted           [4]map[ration.PeriodID]int64
	latest             [4]ration.PeriodID
}

var wanderingLimits = [4]int64{3, 5, 8, 12} // per hour, day, week and month

func newWandering(t *testing.T, zoneName string, truth time.Time) *wandering {
	t.Helper()
	w := &wandering{truth: truth}
	w.policy = ledger.Policy{Key: ration.Key{Status: ration.StatusActive}, Zone: zone(t, zoneName)}
	for i, period := range ration.WindowPeriods {
		w.policy.Limits = append(w.policy.Limits, ration.Limit{
			Name: string(period), Meter: ration.MeterRequests, Kind: ration.KindQuota, Quantity: wanderingLimits[i], Period: period,
		})
		w.admitted[i] = map[ration.PeriodID]int64{}
	}
	return w
}

const clockTolerance = 10 * time.Minute

func (w *wandering) charge(t *testing.T, units int64) ration.Decision {
	t.Helper()
	clock := ledger.Clock{Now: w.truth.Add(w.database), Suspect: (w.database - w.instance).Abs() > clockTolerance}
	w.together = w.together || min(w.database, w.instance) > clockTolerance
	charge := ration.Charge{Amounts: []ration.Amount{amount(ration.MeterRequests, units)}}
	before := w.usage.Clone()
	decision, changes := ledger.Decide(&w.policy, w.usage, &charge, ration.SecretID{}, clock)
	w.usage = w.usage.Apply(changes)
	if !decision.Allowed() {
		return decision
	}
	for i, window := range w.usage[0].Windows {
		if clock.Suspect && (len(before) == 0 || before[0].Windows[i].ID != window.ID) {
			t.Errorf("the %s %d began while the clocks were %s and %s off", ration.WindowPeriods[i], window.ID, w.database, w.instance)
		}
		if w.admitted[i][window.ID] += units; w.admitted[i][window.ID] > wanderingLimits[i] || window.ID < w.latest[i] {
			t.Errorf("%d admitted in the %s %d, after %d", w.admitted[i][window.ID], ration.WindowPeriods[i], window.ID, w.latest[i])
		}
		w.latest[i] = window.ID
	}
	return decision
}

// TestJumpingClocks lets one clock or both jump ten thousand times. No period
// gets more than its limit, only clocks that are wrong together begin one from
// the future, and a key without one is open as soon as the clocks are right.
func TestJumpingClocks(t *testing.T) {
	const keys, jumpsEach = 400, 25
	jumps := []time.Duration{time.Second, time.Hour, 25 * time.Hour, 3652 * 24 * time.Hour}
	zones := []string{"", "Europe/Berlin", "Pacific/Apia", "America/St_Johns", "Pacific/Kiritimati"}
	random := rand.New(rand.NewPCG(1, 2))
	future := 0
	for range keys {
		w := newWandering(t, zones[random.IntN(len(zones))], noon.Add(time.Duration(random.Int64N(int64(400*24*time.Hour)))))
		for range jumpsEach {
			w.truth = w.truth.Add(time.Duration(random.Int64N(int64(9 * time.Hour))))
			by := jumps[random.IntN(len(jumps))]
			if random.IntN(2) == 0 {
				by = -by
			}
			switch random.IntN(6) {
			case 0:
				w.database = by
			case 1:
				w.instance = by
			case 2:
				w.database, w.instance = by, by
			default:
				w.database, w.instance = 0, 0
			}
			for range 1 + random.IntN(4) {
				w.charge(t, 1+random.Int64N(2))
			}
		}
		w.database, w.instance = 0, 0
		if w.fromTheFuture() {
			future++
			if !w.together {
				t.Errorf("a period from the future was begun by clocks that were never ahead together: %+v", w.usage)
			}
			continue
		}
		w.wantOpen(t)
	}
	if future == 0 || future == keys {
		t.Errorf("%d of %d keys were charged in the future, want some and some not", future, keys)
	}
}

func (w *wandering) fromTheFuture() bool {
	for i, period := range ration.WindowPeriods {
		periodID, _ := ration.PeriodAt(period, w.truth, w.policy.Zone)
		if len(w.usage) > 0 && w.usage[0].Windows[i].ID > periodID {
			return true
		}
	}
	return false
}

// wantOpen wants the key to be refused only what it has used up.
func (w *wandering) wantOpen(t *testing.T) {
	t.Helper()
	usedUp := false
	for i, period := range ration.WindowPeriods {
		periodID, _ := ration.PeriodAt(period, w.truth, w.policy.Zone)
		usedUp = usedUp || w.admitted[i][periodID] == wanderingLimits[i]
	}
	decision := w.charge(t, 1)
	if decision.Allowed() == usedUp || usedUp && decision.Code != ration.CodeQuotaExceeded {
		t.Errorf("with right clocks: %s, %+v; admitted %v", decision.Code, decision.Limits, w.admitted)
	}
}
