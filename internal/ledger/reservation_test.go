package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// periodsOf are those of noon, moved by so many hours, days, weeks and months.
func periodsOf(hours, days, weeks, months ration.PeriodID) [4]ration.PeriodID {
	return [4]ration.PeriodID{
		ration.HourID(noon) + hours, ration.DateID(2026, 7, 15) + days,
		ration.DateID(2026, 7, 13) + 7*weeks, ration.DateID(2026, 7+time.Month(months), 1),
	}
}

// held is an open reservation, made at noon for a minute.
func held(key ration.KeyID, postings ...ration.Posting) ration.Reservation {
	return ration.Reservation{
		ID: ration.NewReservationID(), KeyID: key, State: ration.ReservationOpen, AtExpiry: ration.AtExpiryKeep,
		Held: postings, CreatedAt: noon, ExpiresAt: noon.Add(time.Minute),
	}
}

// running is a meter whose periods are those of noon, with the same in each.
func running(meter string, used, reserved int64) ledger.MeterUsage {
	usage := ledger.MeterUsage{Meter: meter, Used: used, Reserved: reserved, FirstRequestAt: noon, LastRequestAt: noon}
	for i, periodID := range periodsOf(0, 0, 0, 0) {
		usage.Windows[i] = ledger.Window{ID: periodID, EndsAt: noon.Add(time.Duration(i+1) * time.Hour), Used: used, Reserved: reserved}
	}
	return usage
}

// end ends a reservation in an account of its own, and returns the decision and
// the usage that a store then has.
func (a *account) end(r ration.Reservation, end ration.End) ration.Decision {
	a.t.Helper()
	end.ID = r.ID
	account := ledger.NewAccount(a.policy, a.usage.Clone())
	account.TakePrior(ledger.Prior{Reservations: []ration.Reservation{r}})
	decision := account.Decide(&ration.Item{KeyID: a.policy.Key.ID, End: &end}, ledger.Clock{Now: a.now})
	a.usage = write(a.usage, account.Writes())
	return decision
}

func settle(over ration.Overage, amounts ...ration.Amount) ration.End {
	return ration.End{Action: ration.EndSettle, Overage: over, Amounts: amounts}
}

// TestSettlementMeetsAnyRow settles postings of periods that are earlier than,
// the same as and later than those that a meter's row runs: a later one takes
// over with what was used in it, and an earlier one is not concerned.
func TestSettlementMeetsAnyRow(t *testing.T) {
	for _, row := range []struct {
		name string
		off  [4]ration.PeriodID // of the posting's periods
		used [4]int64           // in the row's periods, of 7 before and 3 settled
	}{
		{"the same", periodsOf(0, 0, 0, 0), [4]int64{10, 10, 10, 10}},
		{"an hour earlier", periodsOf(-1, 0, 0, 0), [4]int64{7, 10, 10, 10}},
		{"a day earlier", periodsOf(-24, -1, 0, 0), [4]int64{7, 7, 10, 10}},
		{"a month earlier", periodsOf(-744, -31, -4, -1), [4]int64{7, 7, 7, 7}},
		{"an hour later", periodsOf(1, 0, 0, 0), [4]int64{3, 10, 10, 10}},
		{"a day later", periodsOf(24, 1, 0, 0), [4]int64{3, 3, 10, 10}},
		{"a month later", periodsOf(744, 31, 4, 1), [4]int64{3, 3, 3, 3}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAccount(t)
			r := held(a.policy.Key.ID, ration.Posting{Meter: "requests", Units: 1, Periods: row.off})
			a.usage = ledger.Usage{running("requests", 1, 1), running("tokens", 7, 0)}
			if d := a.end(r, settle(ration.OverageAllow, amount("tokens", 3))); d.Code != ration.CodeOK {
				t.Fatalf("code %s", d.Code)
			}
			entry := a.usage.Meter("tokens")
			for i, window := range entry.Windows {
				was := periodsOf(0, 0, 0, 0)[i]
				if window.Used != row.used[i] || window.ID != max(was, row.off[i]) || window.EndsAt.IsZero() != (row.off[i] > was) {
					t.Errorf("%s: %+v, want %d used", ration.WindowPeriods[i], window, row.used[i])
				}
			}
			if entry.Used != 10 {
				t.Errorf("used %d ever, want 10", entry.Used)
			}
		})
	}
}

// TestGivingBackTurnsNothing voids and refunds what belongs to periods that a
// row, repaired meanwhile, does not know.
func TestGivingBackTurnsNothing(t *testing.T) {
	a := newAccount(t)
	later := periodsOf(24, 1, 1, 1)
	a.usage = ledger.Usage{running("requests", 7, 0)}
	a.usage[0].Reserved = 5
	before := a.usage.Clone()
	before[0].Reserved = 0
	a.end(held(a.policy.Key.ID, ration.Posting{Meter: "requests", Units: 5, Periods: later}), ration.End{Action: ration.EndVoid})
	if diff := cmp.Diff(before, a.usage); diff != "" {
		t.Errorf("after a void (-want +got):\n%s", diff)
	}
	account := ledger.NewAccount(a.policy, a.usage.Clone())
	receipt := ration.Receipt{KeyID: a.policy.Key.ID, Postings: []ration.Posting{{Meter: "requests", Units: 9, Periods: later}}}
	account.Decide(&ration.Item{KeyID: a.policy.Key.ID, Refund: &receipt}, ledger.Clock{Now: noon})
	a.usage = write(a.usage, account.Writes())
	before[0].Used = 0 // of 7: nothing falls below 0
	if diff := cmp.Diff(before, a.usage); diff != "" {
		t.Errorf("after a refund of more than there is (-want +got):\n%s", diff)
	}
}

// TestSettlementsStopBeforeCountsWrap settles where nearly all that is ever
// counted is used. What is reserved has its place already.
func TestSettlementsStopBeforeCountsWrap(t *testing.T) {
	for _, row := range []struct {
		name    string
		after   time.Duration
		expires ration.AtExpiry
		over    ration.Overage
		units   int64
		code    ration.Code
		state   ration.ReservationState
	}{
		{"what is reserved", 0, ration.AtExpiryKeep, ration.OverageRefuse, 10, ration.CodeOK, ration.ReservationSettled},
		{"up to the end", 0, ration.AtExpiryKeep, ration.OverageAllow, 15, ration.CodeOK, ration.ReservationSettled},
		{"beyond the end", 0, ration.AtExpiryKeep, ration.OverageAllow, 16, ration.CodeSettlementTooLarge, ration.ReservationOpen},
		{"late", time.Hour, ration.AtExpiryKeep, ration.OverageAllow, 15, ration.CodeOK, ration.ReservationExpired},
		{"late and beyond", time.Hour, ration.AtExpiryKeep, ration.OverageAllow, 16, ration.CodeSettlementTooLarge, ration.ReservationExpired},
		{"late after a release", time.Hour, ration.AtExpiryRelease, ration.OverageAllow, 15, ration.CodeOK, ration.ReservationExpired},
		{"late and beyond after a release", time.Hour, ration.AtExpiryRelease, ration.OverageAllow, 16, ration.CodeSettlementTooLarge, ration.ReservationExpired},
		{"nothing", 0, ration.AtExpiryKeep, ration.OverageRefuse, 0, ration.CodeOK, ration.ReservationSettled},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAccount(t)
			a.usage = ledger.Usage{running("requests", 0, 1), running("bytes", ration.MaxTotalUnits-15, 10)}
			r := held(a.policy.Key.ID, ration.Posting{Meter: "requests", Units: 1, Periods: periodsOf(0, 0, 0, 0)},
				ration.Posting{Meter: "bytes", Units: 10, Periods: periodsOf(0, 0, 0, 0)})
			r.AtExpiry = row.expires
			a.now = noon.Add(row.after)
			d := a.end(r, settle(row.over, amount("bytes", row.units)))
			if d.Code != row.code || d.Reservation.State != row.state {
				t.Errorf("code %s and %s, want %s and %s", d.Code, d.Reservation.State, row.code, row.state)
			}
			if entry := a.usage.Meter("bytes"); entry.Used < 0 || entry.Used+entry.Reserved > ration.MaxTotalUnits || row.code == ration.CodeOK && entry.Used != ration.MaxTotalUnits-15+row.units {
				t.Errorf("used %d and reserved %d", entry.Used, entry.Reserved)
			}
		})
	}
}

// TestReservationChangesNothingThatWasRecalled ends a reservation and gives back,
// and wants what a store has read, and what it is told, to stay as they are.
func TestReservationChangesNothingThatWasRecalled(t *testing.T) {
	a := newAccount(t, "9/day")
	a.usage = ledger.Usage{running("requests", 0, 8)}
	r := held(a.policy.Key.ID, ration.Posting{Meter: "requests", Units: 8, Periods: periodsOf(0, 0, 0, 0)})
	r.AtExpiry = ration.AtExpiryRelease
	prior := ledger.Prior{Reservations: []ration.Reservation{r}, Refunds: []ledger.DayRefunds{{Date: periodsOf(0, 0, 0, 0)[1], Count: 1}}}
	account := ledger.NewAccount(a.policy, a.usage.Clone())
	account.TakePrior(prior)
	clock := ledger.Clock{Now: noon.Add(time.Hour)}
	receipt := ration.Receipt{KeyID: a.policy.Key.ID, Postings: []ration.Posting{{Meter: "requests", Units: 1, Periods: periodsOf(0, 0, 0, 0)}}}
	charge := ration.Charge{KeyID: a.policy.Key.ID, Amounts: []ration.Amount{amount("requests", 2)}}
	batch := []*ration.Item{{Charge: &charge}, {Refund: &receipt}, {End: &ration.End{ID: r.ID, Action: ration.EndVoid}}}
	var first []ration.Decision
	for _, item := range batch {
		first = append(first, account.Decide(item, clock))
	}
	if first[0].Code != ration.CodeQuotaExceeded || account.Shortage() != ledger.Short {
		t.Fatalf("code %s, shortage %d", first[0].Code, account.Shortage())
	}
	again := account.WithOpen([]ration.Reservation{r}, clock.Now, ledger.Short) // it names what the batch does too
	for _, item := range batch {
		if d := again.Decide(item, clock); d.Code != ration.CodeOK {
			t.Errorf("code %s, want %s", d.Code, ration.CodeOK)
		}
	}
	if r.State != ration.ReservationOpen || prior.Reservations[0].State != ration.ReservationOpen || prior.Refunds[0].Count != 1 {
		t.Errorf("what was read has changed: %+v", prior)
	}
	if changed := again.ChangedReservations(); len(changed) != 1 || changed[0].State != ration.ReservationExpired || again.Shortage() != ledger.NotShort {
		t.Errorf("changed %+v, want one that has expired", changed)
	}
	usage := write(a.usage.Clone(), again.Writes())
	if entry := usage.Meter("requests"); entry.Used != 1 || entry.Reserved != 0 {
		t.Errorf("used %d and reserved %d, want 1 and nothing", entry.Used, entry.Reserved)
	}
}

// TestEntriesFollowWithoutAGap gives back more than there is, of which an entry
// tells only what was taken off.
func TestEntriesFollowWithoutAGap(t *testing.T) {
	a := newAccount(t)
	account := ledger.NewAccount(a.policy, ledger.Usage{running("requests", 7, 5)})
	account.Log()
	receipt := ration.Receipt{KeyID: a.policy.Key.ID, Postings: []ration.Posting{{Meter: "requests", Units: 4, Periods: periodsOf(0, 0, 0, 0)}}}
	for range 3 {
		account.Decide(&ration.Item{KeyID: a.policy.Key.ID, Refund: &receipt}, ledger.Clock{Now: noon})
	}
	used := int64(7)
	for i, entry := range account.LogEntries() {
		for _, meter := range entry.Meters {
			if used += meter.Used; used != meter.UsedAfter {
				t.Errorf("entry %d takes off %d and leaves %d, want %d", i, -meter.Used, meter.UsedAfter, used)
			}
		}
	}
	if used != 0 {
		t.Errorf("the entries leave %d, want nothing", used)
	}
}
