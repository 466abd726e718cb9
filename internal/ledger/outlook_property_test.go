package ledger_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// future is a key as a store keeps it, whose temporary limits and reservations end.
type future struct {
	key          ration.Key
	plan         ration.Plan
	overrides    []ration.Override
	usage        ledger.Usage
	reservations []ration.Reservation
}

var (
	drawFewUnits = rapid.Int64Range(0, 12)
	drawSoon     = rapid.Custom(func(rt *rapid.T) time.Duration {
		most := rapid.SampledFrom([]time.Duration{5 * time.Second, 2 * time.Minute, 20 * time.Hour, 50 * time.Hour}).Draw(rt, "most")
		return time.Duration(rapid.Int64Range(1, int64(most/time.Microsecond)).Draw(rt, "µs")) * time.Microsecond
	})
)

// drawFewLimits draws limits of two meters that a few charges reach.
func drawFewLimits(rt *rapid.T, most int) []ration.Limit {
	one := rapid.Custom(func(rt *rapid.T) ration.Limit {
		limit := ration.Limit{
			Meter:    rapid.SampledFrom([]string{ration.MeterRequests, "tokens"}).Draw(rt, "meter"),
			Period:   rapid.SampledFrom([]ration.Period{ration.PeriodSecond, ration.PeriodMinute, ration.PeriodHour, ration.PeriodDay, ration.PeriodLifetime}).Draw(rt, "period"),
			Quantity: rapid.Int64Range(0, 12).Draw(rt, "quantity"),
		}
		limit, err := limit.Normalize()
		if err != nil {
			rt.Fatal(err)
		}
		return limit
	})
	return rapid.SliceOfNDistinct(one, 0, most, ration.Limit.Key).Draw(rt, "limits")
}

func drawFuture(rt *rapid.T) *future {
	plan, err := ration.Plan{Name: "drawn", TimeZone: drawZone.Draw(rt, "zone"), Limits: unnamed(drawFewLimits(rt, 4))}.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	for _, limit := range unnamed(drawFewLimits(rt, 3)) {
		plan.Next = append(plan.Next, ration.NextLimit{Limit: limit, Removed: rapid.IntRange(0, 3).Draw(rt, "removed") == 0, Since: noon.Add(-drawSoon.Draw(rt, "since"))})
	}
	f := &future{plan: plan, key: ration.Key{ID: ration.NewKeyID(), Status: ration.StatusActive, Plan: plan.Name}}
	return f
}

// change draws the key's overrides anew, as an administrator would.
func (f *future) change(rt *rapid.T, now time.Time) {
	f.overrides = nil
	for _, lasting := range []bool{true, false} {
		for _, limit := range drawFewLimits(rt, 3) {
			override := ration.Override{Limit: limit, Unlimited: rapid.IntRange(0, 3).Draw(rt, "unlimited") == 0}
			if !lasting {
				override.ExpiresAt = now.Add(drawSoon.Draw(rt, "ends"))
			}
			f.overrides = append(f.overrides, override)
		}
	}
	for _, limit := range drawFewLimits(rt, 2) {
		f.overrides = append(f.overrides, ration.Override{Limit: limit, StartsAt: now.Add(drawSoon.Draw(rt, "starts")), Removed: rapid.IntRange(0, 3).Draw(rt, "clears") == 0})
	}
	f.key.UpdatedAt = now
	f.key.ExpiresAt = time.Time{}
	if rapid.IntRange(0, 3).Draw(rt, "expires") == 0 {
		f.key.ExpiresAt = now.Add(drawSoon.Draw(rt, "key expires"))
	}
}

func (f *future) policy(rt *rapid.T, now time.Time) ledger.Policy {
	policy, err := ledger.NewPolicy(f.key, ledger.Plans{Now: f.plan}, f.overrides, nil, now)
	if err != nil {
		rt.Fatal(err)
	}
	return policy
}

// decide decides items as a store does, and keeps what they change only where asked.
func (f *future) decide(rt *rapid.T, now time.Time, keep bool, items ...ration.Item) (decisions []ration.Decision) {
	account := ledger.NewAccount(f.policy(rt, now), f.usage.Clone())
	account.TakePrior(ledger.Prior{Reservations: slices.Clone(f.reservations)}) // more than is referred to
	for range 2 {
		decisions = nil
		for i := range items {
			decisions = append(decisions, account.Decide(&items[i], ledger.Clock{Now: now}))
		}
		if account.Shortage() == ledger.NotShort {
			break
		}
		account = account.WithOpen(f.open(), now, account.Shortage())
	}
	if keep {
		f.usage = write(f.usage, account.Writes())
		f.reservations = append(f.reservations, values(account.NewReservations())...)
		for _, ended := range account.ChangedReservations() {
			i := slices.IndexFunc(f.reservations, func(r ration.Reservation) bool { return r.ID == ended.ID })
			f.reservations[i] = *ended
		}
	}
	return decisions
}

func values(pointers []*ration.Reservation) (all []ration.Reservation) {
	for _, r := range pointers {
		all = append(all, *r)
	}
	return all
}

// open returns the open reservations, of which there are fewer than a store reads.
func (f *future) open() []ration.Reservation {
	open := slices.DeleteFunc(slices.Clone(f.reservations), func(r ration.Reservation) bool { return r.State != ration.ReservationOpen })
	slices.SortStableFunc(open, func(a, b ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	return open
}

func (f *future) drawCharge(rt *rapid.T) ration.Charge {
	charge := ration.Charge{KeyID: f.key.ID, Amounts: []ration.Amount{amount(ration.MeterRequests, drawFewUnits.Draw(rt, "requests"))}}
	if rapid.Bool().Draw(rt, "tokens too") {
		charge.Amounts = append(charge.Amounts, amount("tokens", drawFewUnits.Draw(rt, "tokens")))
	}
	charge, err := charge.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	return charge
}

func (f *future) drawItem(rt *rapid.T) ration.Item {
	if rapid.IntRange(0, 5).Draw(rt, "end") == 0 && len(f.reservations) > 0 {
		return ration.Item{KeyID: f.key.ID, End: &ration.End{
			ID:      rapid.SampledFrom(f.reservations).Draw(rt, "reservation").ID,
			Action:  rapid.SampledFrom([]ration.EndAction{ration.EndSettle, ration.EndVoid}).Draw(rt, "action"),
			Overage: ration.OverageClamp, Amounts: f.drawCharge(rt).Amounts,
		}}
	}
	charge := f.drawCharge(rt)
	if rapid.Bool().Draw(rt, "hold") {
		for i := range charge.Amounts {
			charge.Amounts[i].Units = min(charge.Amounts[i].Units, 3)
		}
		charge.Hold = f.drawHold(rt)
	}
	charge.DryRun = rapid.IntRange(0, 5).Draw(rt, "dry") == 0
	return ration.Item{KeyID: f.key.ID, Charge: &charge}
}

func (f *future) drawHold(rt *rapid.T) *ration.Hold {
	return &ration.Hold{
		ID: ration.NewReservationID(), TTL: max(time.Second, drawSoon.Draw(rt, "ttl")),
		AtExpiry: rapid.SampledFrom([]ration.AtExpiry{ration.AtExpiryKeep, ration.AtExpiryRelease}).Draw(rt, "at expiry"),
	}
}

// moments returns instants after one at which something of the key may change.
func (f *future) moments(rt *rapid.T, now time.Time) (at []time.Time) {
	for _, o := range f.overrides {
		at = append(at, o.ExpiresAt, o.StartsAt)
	}
	policy := f.policy(rt, now)
	terms := policy.Terms()
	if next := terms.NextChange(now); !next.IsZero() {
		at = append(at, next)
	}
	for _, r := range f.open() {
		at = append(at, r.ExpiresAt)
	}
	for _, entry := range f.usage {
		for _, w := range entry.Windows {
			at = append(at, w.EndsAt)
		}
	}
	for range 5 {
		at = append(at, now.Add(drawSoon.Draw(rt, "after")))
	}
	for _, t := range slices.Clone(at) {
		at = append(at, t.Add(-time.Microsecond), t.Add(time.Microsecond), t.Add(time.Minute), t.Add(1000*time.Hour))
	}
	return slices.DeleteFunc(at, func(t time.Time) bool { return !t.After(now) })
}

// TestEarliestMomentIsHonest comes at the moment that a denied charge was told, and at
// others before it: the key has room then, and never before. If it was told that waiting
// doesn't help, it comes at all moments. Dry runs are told the same.
func TestEarliestMomentIsHonest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f, now := drawFuture(rt), noon
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			step := drawSoon.Draw(rt, "step") / time.Duration(rapid.SampledFrom([]int{1, 1000, 1_000_000}).Draw(rt, "of"))
			now = now.Add(step.Truncate(time.Microsecond))
			if rapid.IntRange(0, 3).Draw(rt, "change") == 0 {
				f.change(rt, now)
			}
			f.decide(rt, now, true, rapid.SliceOfN(rapid.Custom(f.drawItem), 0, 3).Draw(rt, "items")...)
			f.ask(rt, now)
		}
	})
}

// ask asks for something, and comes when it was told.
func (f *future) ask(rt *rapid.T, now time.Time) {
	charge := f.drawCharge(rt)
	asked := func(at time.Time, dryRun bool) ration.Decision {
		charge.DryRun = dryRun
		return f.decide(rt, at, false, ration.Item{KeyID: f.key.ID, Charge: &charge})[0]
	}
	said, dry := asked(now, false), asked(now, true)
	if said.Code != dry.Code || said.RetryAfter != dry.RetryAfter {
		rt.Fatalf("%s, retry after %s; a dry run: %s, %s", said.Code, said.RetryAfter, dry.Code, dry.RetryAfter)
	}
	if said.Allowed() || said.Code == ration.CodeKeyExpired {
		return
	}
	told, helps := now.Add(said.RetryAfter), said.RetryAfter > 0
	moments := f.moments(rt, now)
	if helps {
		moments = append(moments, told, told.Add(-time.Microsecond))
	}
	for _, at := range moments {
		want := helps && at.Equal(told)
		if helps && at.After(told) {
			continue
		}
		if got := asked(at, false); got.Allowed() != want {
			rt.Fatalf("at %s: %s, retry after %s with %+v; but at %s: %s with %+v", now, said.Code, said.RetryAfter, said.Limits, at, got.Code, got.Limits)
		}
	}
}
