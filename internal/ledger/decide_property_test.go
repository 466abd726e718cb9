package ledger_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

var (
	drawMeter  = rapid.SampledFrom([]string{ration.MeterRequests, "tokens", "calls"})
	drawPeriod = rapid.SampledFrom([]ration.Period{
		ration.PeriodSecond, ration.PeriodMinute, ration.PeriodHour, ration.PeriodDay,
		ration.PeriodWeek, ration.PeriodMonth, ration.PeriodLifetime,
	})
	drawZone = rapid.SampledFrom([]string{"", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "America/Santiago"})
)

// drawLimit draws a limit of a size around what charges ask for, now and then one
// of the largest.
func drawLimit(rt *rapid.T) ration.Limit {
	limit := ration.Limit{
		Meter: drawMeter.Draw(rt, "meter"), Period: drawPeriod.Draw(rt, "period"),
		Quantity: rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, ration.MaxUnits)).Draw(rt, "quantity"),
	}
	if ration.KindOf(limit.Period) == ration.KindRate && limit.Quantity > 0 {
		most := min(100_000*min(limit.Quantity, ration.MaxUnits/100_000), ration.MaxUnits)
		limit.Burst = rapid.OneOf(rapid.Int64Range(0, min(40, most)), rapid.Int64Range(0, most)).Draw(rt, "burst")
	}
	limit, err := limit.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	return limit
}

func drawPolicy(rt *rapid.T) ledger.Policy {
	limits := rapid.SliceOfNDistinct(rapid.Custom(drawLimit), 0, 6, ration.Limit.Key).Draw(rt, "limits")
	plan, err := ration.Plan{Name: "drawn", TimeZone: drawZone.Draw(rt, "zone"), Limits: unnamed(limits)}.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	key := ration.Key{ID: ration.NewKeyID(), Status: ration.StatusActive, Plan: plan.Name}
	policy, err := ledger.NewPolicy(key, ledger.Plans{Now: plan}, nil, nil, noon)
	if err != nil {
		rt.Fatal(err)
	}
	return policy
}

func unnamed(limits []ration.Limit) []ration.Limit {
	for i := range limits {
		limits[i].Name = ""
	}
	return limits
}

var drawUnits = rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 30), rapid.Int64Range(0, ration.MaxUnits))

func drawCharge(rt *rapid.T) ration.Charge {
	charge := ration.Charge{KeyID: ration.NewKeyID()}
	for _, meter := range rapid.SliceOfNDistinct(drawMeter, 0, 3, rapid.ID[string]).Draw(rt, "meters") {
		charge.Amounts = append(charge.Amounts, amount(meter, drawUnits.Draw(rt, "units")))
	}
	charge, err := charge.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	return charge
}

// drawStep draws how far the clock goes on.
func drawStep(rt *rapid.T) time.Duration {
	most := rapid.SampledFrom([]time.Duration{0, time.Millisecond, 2 * time.Second, 2 * time.Minute, 26 * time.Hour, 40 * 24 * time.Hour}).Draw(rt, "most")
	return time.Duration(rapid.Int64Range(0, int64(most/time.Microsecond)).Draw(rt, "µs")) * time.Microsecond
}

// TestRetryAfterIsHonest charges at random, sometimes after a change of limits.
// A denied charge that is told to wait is refused until then, and admitted then.
func TestRetryAfterIsHonest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		policy, usage, now := drawPolicy(rt), ledger.Usage(nil), noon
		for range rapid.IntRange(1, 30).Draw(rt, "charges") {
			now = now.Add(drawStep(rt))
			if rapid.IntRange(0, 9).Draw(rt, "change limits") == 0 {
				policy.Limits = drawPolicy(rt).Limits // not the zone, which may move the end of a period
				policy.ChangedAt = now
			}
			charge := drawCharge(rt)
			decision, changes := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, ledger.Clock{Now: now})
			usage = usage.Apply(changes)
			if decision.Allowed() && decision.RetryAfter != 0 || decision.RetryAfter < 0 {
				rt.Fatalf("%s, retry after %s", decision.Code, decision.RetryAfter)
			}
			if decision.RetryAfter == 0 {
				continue
			}
			for wait, want := range map[time.Duration]bool{
				decision.RetryAfter - time.Microsecond: false,
				decision.RetryAfter:                    true,
			} {
				again, _ := ledger.Decide(&policy, usage.Clone(), &charge, ration.SecretID{}, ledger.Clock{Now: now.Add(wait)})
				if again.Allowed() != want {
					rt.Fatalf("%s, retry after %s; after %s: %s with %+v", decision.Code, decision.RetryAfter, wait, again.Code, again.Limits)
				}
			}
		}
	})
}

// admitted is what a charge got.
type admitted struct {
	at    time.Time
	units int64
}

// TestRateNeverAdmitsMore holds every interval between two admissions against
// what a rate may give in it: its burst and what came back meanwhile.
func TestRateNeverAdmitsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.Custom(drawLimit).Filter(func(l ration.Limit) bool {
			return l.Kind == ration.KindRate && l.Quantity > 0
		}).Draw(rt, "rate")
		policy := ledger.Policy{Key: ration.Key{Status: ration.StatusActive}, Zone: time.UTC, Limits: []ration.Limit{limit}}
		usage, now := ledger.Usage(nil), noon
		var history []admitted
		for range rapid.IntRange(1, 60).Draw(rt, "charges") {
			now = now.Add(drawStep(rt))
			units := rapid.OneOf(rapid.Int64Range(0, min(5, limit.Size())), rapid.Int64Range(0, limit.Size())).Draw(rt, "units")
			charge := ration.Charge{Amounts: []ration.Amount{amount(limit.Meter, units)}}
			decision, changes := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, ledger.Clock{Now: now})
			usage = usage.Apply(changes)
			if decision.Allowed() {
				history = append(history, admitted{now, units})
			}
		}
		for i := range history {
			sum := new(big.Int)
			for _, last := range history[i:] {
				sum.Add(sum, big.NewInt(last.units))
				if most := mostIn(limit, last.at.Sub(history[i].at)); new(big.Rat).SetInt(sum).Cmp(most) > 0 {
					rt.Fatalf("%s admitted %s in %s, which is more than %s", limit, sum, last.at.Sub(history[i].at), most)
				}
			}
		}
	})
}

// mostIn returns burst + quantity × time ÷ period.
func mostIn(limit ration.Limit, in time.Duration) *big.Rat {
	period := map[ration.Period]time.Duration{ration.PeriodSecond: time.Second, ration.PeriodMinute: time.Minute}[limit.Period]
	back := new(big.Rat).Mul(big.NewRat(int64(in), int64(period)), new(big.Rat).SetInt64(limit.Quantity))
	return back.Add(back, new(big.Rat).SetInt64(limit.Size()))
}

// TestQuotaNeverAdmitsMore adds up what each period got, while the clock goes
// back and forth and the zone changes.
func TestQuotaNeverAdmitsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.Custom(drawLimit).Filter(func(l ration.Limit) bool {
			return l.Kind == ration.KindQuota && l.Period != ration.PeriodLifetime
		}).Draw(rt, "quota")
		policy := ledger.Policy{Key: ration.Key{Status: ration.StatusActive}, Limits: []ration.Limit{limit}}
		index := map[ration.Period]int{ration.PeriodHour: 0, ration.PeriodDay: 1, ration.PeriodWeek: 2, ration.PeriodMonth: 3}[limit.Period]
		usage, now := ledger.Usage(nil), noon
		sums, last := map[ration.PeriodID]int64{}, ration.PeriodID(0)
		for range rapid.IntRange(1, 60).Draw(rt, "charges") {
			now = now.Add(drawStep(rt) - drawStep(rt)/2)
			policy.Zone = zone(t, drawZone.Draw(rt, "zone"))
			charge := ration.Charge{Amounts: []ration.Amount{amount(limit.Meter, rapid.Int64Range(0, min(9, limit.Quantity)).Draw(rt, "units"))}}
			decision, changes := ledger.Decide(&policy, usage, &charge, ration.SecretID{}, ledger.Clock{Now: now})
			usage = usage.Apply(changes)
			if !decision.Allowed() {
				continue
			}
			periodID := usage.Meter(limit.Meter).Windows[index].ID
			if sums[periodID] += charge.Amounts[0].Units; sums[periodID] > limit.Quantity || periodID < last {
				rt.Fatalf("%s admitted %d in period %d, after %d", limit, sums[periodID], periodID, last)
			}
			last = periodID
		}
	})
}
