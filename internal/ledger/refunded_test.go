package ledger_test

import (
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// TestARefundIsNoRequest gives back on a meter that no row tells of.
func TestARefundIsNoRequest(t *testing.T) {
	a := newAccount(t)
	account := ledger.NewAccount(a.policy, nil)
	receipt := ration.Receipt{KeyID: a.policy.Key.ID, Postings: []ration.Posting{{Meter: "requests", Units: 3, Periods: periodsOf(0, 0, 0, 0)}}}
	account.Decide(&ration.Item{KeyID: a.policy.Key.ID, Refund: &receipt}, ledger.Clock{Now: noon})
	for _, write := range account.Writes() {
		if !write.FirstRequestAt.IsZero() || !write.LastRequestAt.IsZero() || write.Used != 0 {
			t.Errorf("to be written: %+v, want no request and nothing used", write)
		}
	}
}

// TestWhatIsGivenBackStopsBeforeItWraps adds up, in one batch and to what is kept,
// more than a count can hold.
func TestWhatIsGivenBackStopsBeforeItWraps(t *testing.T) {
	a := newAccount(t)
	const before = ration.MaxTotalUnits - 3*ration.MaxUnits
	account := ledger.NewAccount(a.policy, ledger.Usage{running("requests", ration.MaxTotalUnits, 0)})
	day := ledger.RefundPeriod{Meter: "requests", Period: ration.PeriodDay, ID: periodsOf(0, 0, 0, 0)[1]}
	account.TakePrior(ledger.Prior{Refunded: []ledger.PeriodRefunds{{RefundPeriod: day, Units: before}}})
	receipt := ration.Receipt{KeyID: a.policy.Key.ID, Postings: []ration.Posting{{Meter: "requests", Units: ration.MaxUnits, Periods: periodsOf(0, 0, 0, 0)}}}
	for range 1000 {
		account.Decide(&ration.Item{KeyID: a.policy.Key.ID, Refund: &receipt}, ledger.Clock{Now: noon})
	}
	for _, refunded := range account.Refunded() {
		want := ration.MaxTotalUnits
		if refunded.RefundPeriod == day {
			want -= before
		}
		if refunded.Units != want {
			t.Errorf("%s: %d more were given back, want %d", refunded.Period, refunded.Units, want)
		}
	}
	for _, write := range account.Writes() {
		if write.Day.GivenBack != ration.MaxTotalUnits || write.Day.Refunds != 1000 {
			t.Errorf("the day: %+v", write.Day)
		}
	}
}
