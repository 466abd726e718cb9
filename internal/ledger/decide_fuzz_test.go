package ledger_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// FuzzDecide decides on any usage that a database could hold, whether a history
// leads to it or not.
func FuzzDecide(f *testing.F) {
	for seed := range byte(8) { // inputs long enough to draw all that is drawn
		input := make([]byte, 8192)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(input)
		f.Add(input)
	}
	f.Fuzz(rapid.MakeFuzz(decideAnything))
}

func TestDecideAnything(t *testing.T) { rapid.Check(t, decideAnything) }

var drawCount = rapid.OneOf(rapid.Int64Range(0, 40), rapid.Int64Range(0, ration.MaxTotalUnits))

// drawTime draws from the beginning of 1970 to the end of 9999, mostly around noon.
var drawTime = rapid.OneOf(
	rapid.Map(rapid.Int64Range(-1<<40, 1<<40), func(µs int64) time.Time { return noon.Add(time.Duration(µs) * time.Microsecond) }),
	rapid.Map(rapid.Int64Range(0, 253402300799999999), func(µs int64) time.Time { return time.UnixMicro(µs).UTC() }),
	rapid.Just(time.Time{}),
	rapid.Just(noon),
)

func drawUsage(rt *rapid.T) ledger.Usage {
	return rapid.SliceOfNDistinct(rapid.Custom(drawMeterUsage), 0, 3, func(m ledger.MeterUsage) string { return m.Meter }).Draw(rt, "usage")
}

func drawMeterUsage(rt *rapid.T) ledger.MeterUsage {
	usage := ledger.MeterUsage{
		Meter: drawMeter.Draw(rt, "meter"), Used: drawCount.Draw(rt, "used"), Reserved: drawCount.Draw(rt, "reserved"),
		Denied: drawCount.Draw(rt, "denied"), FirstRequestAt: drawTime.Draw(rt, "first"), LastRequestAt: drawTime.Draw(rt, "last"),
	}
	for i := range usage.Windows {
		usage.Windows[i] = ledger.Window{
			ID:     ration.PeriodID(rapid.Int32Range(0, math.MaxInt32).Draw(rt, "period")),
			EndsAt: drawTime.Draw(rt, "ends"), Used: drawCount.Draw(rt, "used"), Reserved: drawCount.Draw(rt, "reserved"),
		}
	}
	for i := range usage.Rates {
		usage.Rates[i] = ledger.RateState{
			TAT: drawTime.Draw(rt, "TAT"), Rest: rapid.Int64Range(0, ration.MaxUnits).Draw(rt, "rest"),
			Quantity: rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 20), rapid.Int64Range(1, ration.MaxUnits)).Draw(rt, "quantity"),
		}
	}
	return usage
}

func decideAnything(rt *rapid.T) {
	policy, usage, charge := drawPolicy(rt), drawUsage(rt), drawCharge(rt)
	policy.ChangedAt = drawTime.Draw(rt, "changed")
	clock := ledger.Clock{Now: drawTime.Filter(func(t time.Time) bool { return !t.IsZero() }).Draw(rt, "now")}
	before := usage.Clone()
	decision, changes := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, clock)
	if diff := cmp.Diff(before, usage, equateEmpty); diff != "" {
		rt.Fatalf("Decide changed its argument (-before +after):\n%s", diff)
	}
	for _, status := range decision.Limits {
		wantPossible(rt, status)
	}
	after := usage.Clone().Apply(changes)
	if decision.Allowed() {
		wantRoom(rt, decision, charge)
		wantAdmitted(rt, before, after, charge)
	} else {
		wantReason(rt, decision, before, charge)
		wantDenied(rt, before, after, charge, clock.Now)
	}
	charge.DryRun = true
	dry, none := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, clock)
	dry.DryRun = false
	if diff := cmp.Diff(decision, dry); diff != "" || len(none.Meters) > 0 {
		rt.Fatalf("a dry run changes %+v (-decision +dry run):\n%s", none, diff)
	}
}

// wantPossible wants a status that adds up.
func wantPossible(rt *rapid.T, s ration.LimitStatus) {
	room := max(0, s.Quantity-s.Used-s.Reserved)
	if s.Kind == ration.KindRate {
		room = max(0, s.Size()-s.Used)
	}
	if s.Used < 0 || s.Reserved < 0 || s.Remaining != room || s.Quantity == 0 && s.Remaining > 0 {
		rt.Fatalf("impossible status %+v", s)
	}
}

func wantRoom(rt *rapid.T, decision ration.Decision, charge ration.Charge) {
	for _, s := range decision.Limits {
		if s.Exceeded {
			rt.Fatalf("admitted although %s is exceeded", s.Name)
		}
		if s.Kind == ration.KindQuota && unitsOn(charge, s.Meter) > 0 && s.Used+s.Reserved > s.Quantity {
			rt.Fatalf("admitted to %+v", s)
		}
	}
}

func unitsOn(charge ration.Charge, meter string) int64 {
	for _, amount := range charge.Amounts {
		if amount.Meter == meter {
			return amount.Units
		}
	}
	return 0
}

// wantReason wants a limit that refuses, or a count that may not go on.
func wantReason(rt *rapid.T, decision ration.Decision, before ledger.Usage, charge ration.Charge) {
	for _, s := range decision.Limits {
		if s.Exceeded {
			return
		}
	}
	for _, amount := range charge.Amounts {
		if entry := before.Meter(amount.Meter); entry != nil && entry.Used > ration.MaxTotalUnits-amount.Units-entry.Reserved {
			return
		}
	}
	rt.Fatalf("denied with %s for no reason: %+v", decision.Code, decision.Limits)
}

func wantAdmitted(rt *rapid.T, before, after ledger.Usage, charge ration.Charge) {
	for _, amount := range charge.Amounts {
		was := before.Meter(amount.Meter)
		if was == nil {
			was = &ledger.MeterUsage{}
		}
		is := after.Meter(amount.Meter)
		if is.Used != was.Used+amount.Units || is.Denied != was.Denied || is.Reserved != was.Reserved {
			rt.Fatalf("%d %s went from %+v to %+v", amount.Units, amount.Meter, was, is)
		}
		for i, window := range is.Windows {
			turned := window.ID != was.Windows[i].ID
			if window.ID < was.Windows[i].ID || turned && window.Used != amount.Units || !turned && window.Used != was.Windows[i].Used+amount.Units {
				rt.Fatalf("window %d went from %+v to %+v", i, was.Windows[i], window)
			}
		}
	}
}

// wantDenied wants the denials counted and nothing else, unless the clock stepped back.
func wantDenied(rt *rapid.T, before, after ledger.Usage, charge ration.Charge, now time.Time) {
	want := before.Clone()
	for _, amount := range charge.Amounts {
		if want.Meter(amount.Meter) == nil {
			want = append(want, ledger.MeterUsage{Meter: amount.Meter})
		}
		want.Meter(amount.Meter).Denied++
		want.Meter(amount.Meter).StepBack(now)
	}
	if diff := cmp.Diff(want, after, equateEmpty); diff != "" {
		rt.Fatalf("usage after a denial (-want +got):\n%s", diff)
	}
}
