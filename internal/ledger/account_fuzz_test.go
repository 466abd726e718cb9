package ledger_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// FuzzReservations charges, reserves, ends and gives back in batches, and adds up
// what it was told.
func FuzzReservations(f *testing.F) {
	for seed := range byte(8) {
		input := make([]byte, 8192)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(input)
		f.Add(input)
	}
	f.Fuzz(rapid.MakeFuzz(reserveAnything))
}

func TestReserveAnything(t *testing.T) { rapid.Check(t, reserveAnything) }

// posted is where units are counted: on a day of a meter, or ever.
type posted struct {
	meter string
	day   ration.PeriodID // 0: ever
}

// books are a key in a store, and what decisions have told of it.
type books struct {
	policy       ledger.Policy
	usage        ledger.Usage
	days         map[posted]int64
	reservations map[ration.ReservationID]ration.Reservation
	order        []ration.ReservationID
	receipts     []*ration.Receipt
	used         map[posted]int64 // of charges without a reservation
}

func reserveAnything(rt *rapid.T) {
	l := &books{
		policy: drawPolicy(rt), days: map[posted]int64{}, used: map[posted]int64{},
		reservations: map[ration.ReservationID]ration.Reservation{},
	}
	now := noon
	for range rapid.IntRange(1, 8).Draw(rt, "batches") {
		now = now.Add(drawStep(rt) - drawStep(rt)/4)
		l.batch(rt, now)
		l.compare(rt)
	}
}

// batch decides a batch as a store does.
func (l *books) batch(rt *rapid.T, now time.Time) {
	clock := ledger.Clock{Now: now}
	var items []ration.Item
	for range rapid.IntRange(1, 6).Draw(rt, "charges") {
		items = append(items, l.draw(rt))
	}
	account := ledger.NewAccount(l.policy, l.usage.Clone())
	var prior ledger.Prior
	for _, id := range l.order { // more than is referred to
		prior.Reservations = append(prior.Reservations, l.reservations[id])
	}
	account.TakePrior(prior)
	decide := func() (decisions []ration.Decision) {
		for i := range items {
			decisions = append(decisions, account.Decide(&items[i], clock))
		}
		return decisions
	}
	decisions := decide()
	if shortage := account.Shortage(); shortage != ledger.NotShort {
		slices.SortStableFunc(prior.Reservations, func(a, b ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
		account = account.WithOpen(prior.Reservations, now, shortage)
		decisions = decide()
	}
	writes := account.Writes()
	l.usage = write(l.usage, writes)
	for _, w := range writes {
		for _, d := range w.Days() {
			if d.Used < 0 || d.GivenBack < 0 || d.Refunds < 0 || !w.Posted && (d.GivenBack > 0 || w.Reserved != 0) {
				rt.Fatalf("to be written: %+v", w)
			}
			l.days[posted{w.Meter, d.Date}] += d.Used - d.GivenBack
		}
	}
	for _, r := range append(account.NewReservations(), account.ChangedReservations()...) {
		if _, known := l.reservations[r.ID]; !known {
			l.order = append(l.order, r.ID)
		}
		l.reservations[r.ID] = *r
	}
	for i, decision := range decisions {
		l.note(&items[i], decision)
	}
}

func (l *books) draw(rt *rapid.T) ration.Item {
	switch what := rapid.IntRange(0, 5).Draw(rt, "what"); {
	case what == 0 && len(l.receipts) > 0:
		receipt := l.receipts[0]
		l.receipts = l.receipts[1:]
		return ration.Item{Refund: receipt}
	case what <= 2 && len(l.order) > 0:
		end := ration.End{
			ID:      rapid.SampledFrom(l.order).Draw(rt, "reservation"),
			Action:  rapid.SampledFrom([]ration.EndAction{ration.EndSettle, ration.EndSettle, ration.EndVoid, ration.EndExpire}).Draw(rt, "action"),
			Overage: rapid.SampledFrom([]ration.Overage{ration.OverageRefuse, ration.OverageClamp, ration.OverageAllow}).Draw(rt, "over"),
		}
		end.Amounts = drawCharge(rt).Amounts
		return ration.Item{End: &end}
	case what <= 4:
		charge := drawCharge(rt)
		charge.Hold = &ration.Hold{
			ID: ration.NewReservationID(), TTL: time.Duration(rapid.Int64Range(int64(time.Second), int64(ration.MaxReservationTTL)).Draw(rt, "ttl")),
			AtExpiry: rapid.SampledFrom([]ration.AtExpiry{ration.AtExpiryKeep, ration.AtExpiryRelease}).Draw(rt, "at expiry"),
		}
		return ration.Item{Charge: &charge}
	}
	charge := drawCharge(rt)
	charge.Refundable = true
	return ration.Item{Charge: &charge}
}

// note takes in what a decision tells of charges without a reservation.
func (l *books) note(item *ration.Item, decision ration.Decision) {
	sign := int64(1)
	receipt := decision.Receipt
	switch {
	case item.Refund != nil && decision.Allowed():
		sign, receipt = -1, item.Refund
	case receipt == nil:
		return
	default:
		l.receipts = append(l.receipts, receipt)
	}
	for _, p := range receipt.Postings {
		l.used[posted{p.Meter, p.Day()}] += sign * p.Units
		l.used[posted{p.Meter, 0}] += sign * p.Units
	}
}

// compare adds up what was charged and what the reservations say.
func (l *books) compare(rt *rapid.T) {
	used, reserved := map[posted]int64{}, map[string]int64{}
	for at, units := range l.used {
		used[at] = units
	}
	for _, id := range l.order {
		r := l.reservations[id]
		counted, days := r.Settled, map[string]ration.PeriodID{}
		for _, p := range r.Held {
			days[p.Meter] = p.Day()
			switch {
			case r.State == ration.ReservationOpen:
				reserved[p.Meter] += p.Units
			case r.State == ration.ReservationExpired && r.Settled == nil && r.AtExpiry == ration.AtExpiryKeep:
				counted = append(counted, ration.Amount{Meter: p.Meter, Units: p.Units})
			}
		}
		for _, amount := range counted {
			day, isHeld := days[amount.Meter]
			if !isHeld {
				day = r.Held[0].Day() // of the requests
			}
			used[posted{amount.Meter, day}] += amount.Units
			used[posted{amount.Meter, 0}] += amount.Units
		}
	}
	for _, entry := range l.usage {
		if entry.Used != used[posted{entry.Meter, 0}] || entry.Reserved != reserved[entry.Meter] {
			rt.Fatalf("%s: used %d and reserved %d, want %d and %d", entry.Meter, entry.Used, entry.Reserved, used[posted{entry.Meter, 0}], reserved[entry.Meter])
		}
		for i, window := range entry.Windows {
			if window.Used < 0 || window.Reserved < 0 || window.Used > entry.Used || window.Reserved > entry.Reserved {
				rt.Fatalf("%s in the %s: %+v, of %d and %d ever", entry.Meter, ration.WindowPeriods[i], window, entry.Used, entry.Reserved)
			}
		}
		if day := entry.Windows[1]; day.Used != l.days[posted{entry.Meter, day.ID}] {
			rt.Fatalf("%s: %d used today, %d by its history", entry.Meter, day.Used, l.days[posted{entry.Meter, day.ID}])
		}
	}
	for at, units := range l.days {
		if units != used[at] {
			rt.Fatalf("history of %s on %s: %d, want %d", at.meter, at.day.Date().Format(time.DateOnly), units, used[at])
		}
	}
}
