package ledger_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// admittedBy is what a charge got, by which limit, and when that limit came into force
// if it did since the charge before.
type admittedBy struct {
	admitted
	limit     ration.Limit
	changedAt time.Time
}

// TestChangedRateNeverAdmitsMore changes a rate between charges, and holds every
// stretch of admissions against what the rate may give in it: the burst of the limit
// that admitted the last, and what came back meanwhile at the rates that held.
// Its rates are small or large, since a change from the largest to the smallest would
// leave a debt of thousands of years: see TestDebtOfCenturiesIsKept.
func TestChangedRateNeverAdmitsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		period := rapid.SampledFrom([]ration.Period{ration.PeriodSecond, ration.PeriodMinute}).Draw(rt, "period")
		quantities := rapid.SampledFrom([]*rapid.Generator[int64]{smallQuantities, largeQuantities}).Draw(rt, "quantities")
		draw := rapid.Custom(func(rt *rapid.T) ration.Limit { return drawRate(rt, period, quantities) })
		policy := ledger.Policy{Key: ration.Key{Status: ration.StatusActive}, Zone: time.UTC, Limits: []ration.Limit{draw.Draw(rt, "rate")}}
		usage, now := ledger.Usage(nil), noon
		var history []admittedBy
		for range rapid.IntRange(1, 40).Draw(rt, "charges") {
			now = now.Add(drawStep(rt))
			if rapid.IntRange(0, 4).Draw(rt, "change") == 0 {
				policy.Limits, policy.ChangedAt = []ration.Limit{draw.Draw(rt, "rate")}, now.Add(-drawLate(rt))
				now = now.Add(drawStep(rt))
			}
			size := policy.Limits[0].Size()
			units := rapid.OneOf(rapid.Int64Range(0, min(5, size)), rapid.Int64Range(0, size)).Draw(rt, "units")
			charge := ration.Charge{Amounts: []ration.Amount{amount(ration.MeterRequests, units)}}
			decision, changes := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, ledger.Clock{Now: now})
			usage = usage.Apply(changes)
			if decision.Allowed() {
				history = append(history, admittedBy{admitted{now, units}, policy.Limits[0], policy.ChangedAt})
			}
		}
		for i := range history {
			wantGiven(rt, history[i:])
		}
	})
}

// drawLate draws how long before a charge by the former limit a change may have its
// time, if it waits to be committed.
func drawLate(rt *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Hour}).Draw(rt, "late")
}

// The largest of either takes at most 285 years to be given back at the smallest.
var (
	smallQuantities = rapid.OneOf(rapid.Int64Range(1, 20), rapid.Int64Range(1, 1000), rapid.Int64Range(1, 150_000_000))
	largeQuantities = rapid.OneOf(rapid.Int64Range(60_100_000, 100_000_000), rapid.Int64Range(60_100_000, ration.MaxUnits))
)

// drawRate draws a rate on requests.
func drawRate(rt *rapid.T, period ration.Period, quantities *rapid.Generator[int64]) ration.Limit {
	limit := ration.Limit{Meter: ration.MeterRequests, Period: period, Quantity: quantities.Draw(rt, "quantity")}
	limit.Burst = rapid.Int64Range(0, min(40, 100_000*min(limit.Quantity, 1000))).Draw(rt, "burst")
	limit, err := limit.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	return limit
}

// wantGiven adds up a stretch of admissions.
func wantGiven(rt *rapid.T, stretch []admittedBy) {
	most, sum := new(big.Rat), new(big.Int)
	for i, last := range stretch {
		if i > 0 {
			most.Add(most, givenBetween(stretch[i-1], last))
		}
		sum.Add(sum, big.NewInt(last.units))
		size := new(big.Rat).SetInt64(last.limit.Size())
		if last.units > 0 && new(big.Rat).SetInt(sum).Cmp(size.Add(size, most)) > 0 {
			rt.Fatalf("%d charges up to one by %s were given %s, which is more than %s", i+1, last.limit, sum, size)
		}
	}
}

// givenBetween returns what came back between two admissions: until the limit last
// changed by the rate of the former, and then by that of the latter.
func givenBetween(former, latter admittedBy) *big.Rat {
	changed := latter.changedAt
	if changed.Before(former.at) {
		changed = former.at
	}
	if former.limit.Quantity == latter.limit.Quantity {
		changed = latter.at
	}
	return new(big.Rat).Add(given(former.limit, changed.Sub(former.at)), given(latter.limit, latter.at.Sub(changed)))
}

// given returns what a rate gives back in a time.
func given(limit ration.Limit, in time.Duration) *big.Rat {
	return new(big.Rat).Sub(mostIn(limit, in), new(big.Rat).SetInt64(limit.Size()))
}

// TestDebtOfCenturiesIsKept changes a rate to one that needs longer than the years that
// a state can count to give back what is owed. Charges of nothing, which alone are
// admitted then, must not make the debt forgotten.
func TestDebtOfCenturiesIsKept(t *testing.T) {
	rate := func(quantity int64) []ration.Limit {
		limit, err := ration.Limit{Meter: ration.MeterRequests, Period: ration.PeriodMinute, Quantity: quantity}.Normalize()
		if err != nil {
			t.Fatal(err)
		}
		return []ration.Limit{limit}
	}
	policy := ledger.Policy{Key: ration.Key{Status: ration.StatusActive}, Zone: time.UTC, Limits: rate(ration.MaxUnits)}
	usage, now := ledger.Usage(nil), noon
	decide := func(units int64) ration.Decision {
		charge := ration.Charge{Amounts: []ration.Amount{amount(ration.MeterRequests, units)}}
		decision, changes := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, ledger.Clock{Now: now})
		usage = usage.Apply(changes)
		return decision
	}
	if d := decide(ration.MaxUnits); !d.Allowed() {
		t.Fatalf("the whole bucket: %s", d.Code)
	}
	policy.Limits, policy.ChangedAt = rate(1), now
	for range 3 {
		now = now.Add(time.Hour)
		if d := decide(0); !d.Allowed() {
			t.Fatalf("nothing: %s", d.Code)
		}
		if d := decide(1); d.Code != ration.CodeRateExceeded || d.RetryAfter < 291*8766*time.Hour {
			t.Fatalf("one unit: %s, retry after %s", d.Code, d.RetryAfter)
		}
	}
}
