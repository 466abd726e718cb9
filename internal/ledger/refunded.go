package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

const (
	// refundShare says that a tenth of a quota may be given back in each of its
	// periods: a client that makes calls fail on purpose gets no more than that free
	// of charge.
	refundShare = 10
	// minRefunded is how much of a quota may always be given back (or all of a
	// smaller quota), so that a few failures don't use up a trial of a few calls.
	minRefunded = 10
	// refundsWithoutQuota is how many charges of a day may be given back if no quota
	// bounds them.
	refundsWithoutQuota = 1000

	// RefundRetention is how long the count of units that were given back in a period
	// is kept, from the first refund in the period. It is longer than any period,
	// except for lifetimes, whose counts are kept for ever. After that a bound isn't
	// needed: units that are given back to a period that is over let no charge
	// through.
	RefundRetention = 60 * 24 * time.Hour
)

// RefundPeriod is a period of a meter for which the units that were given back are
// counted.
type RefundPeriod struct {
	Meter  string
	Period ration.Period   // the period of a quota
	ID     ration.PeriodID // 0 for a lifetime
}

// PeriodRefunds is how many units were given back in a period.
type PeriodRefunds struct {
	RefundPeriod
	Units int64 // the count stops at MaxTotalUnits
}

// DayRefunds is how many charges of a local day were given back.
type DayRefunds struct {
	Date  ration.PeriodID
	Count int64
}

// refundPeriods returns the periods in which a receipt's units count as given back.
// These are all periods, limited or not, so that the counts are right for a quota
// that is added later.
func refundPeriods(r *ration.Receipt) (periods []RefundPeriod) {
	for i := range r.Postings {
		if posting := &r.Postings[i]; posting.Units > 0 {
			for w, periodID := range posting.Periods {
				periods = append(periods, RefundPeriod{posting.Meter, ration.WindowPeriods[w], periodID})
			}
			periods = append(periods, RefundPeriod{Meter: posting.Meter, Period: ration.PeriodLifetime})
		}
	}
	return periods
}

// mayRefund reports whether all of a receipt may be given back, according to the
// quota of each period. If no quota bounds it, the number of refunds does.
func (a *Account) mayRefund(receipt *ration.Receipt) bool {
	return len(a.fullFor(receipt)) == 0
}

// fullFor returns what forbids that all of a receipt is given back: each quota, in which
// period, and how much of that was given back. If there is none, all may be given back.
func (a *Account) fullFor(receipt *ration.Receipt) (full []Event) {
	bounded := false
	for _, period := range refundPeriods(receipt) {
		quota := a.policy.quota(period.Meter, period.Period)
		if quota == nil {
			continue
		}
		bounded = true
		most, refunded := mostRefunded(quota), a.refunded(period)
		if unitsOf(receipt, period.Meter) > most-refunded {
			full = append(full, Event{Limit: *quota, Period: period.ID, Most: most, Units: refunded})
		}
	}
	for i := range receipt.Postings {
		ofPosting, shifted := a.fullShifted(&receipt.Postings[i])
		full, bounded = append(full, ofPosting...), bounded || shifted
	}
	day := receipt.Postings[0].Day()
	if refunded := a.work().refunds[day]; !bounded && refunded >= refundsWithoutQuota {
		limit := ration.Limit{Meter: ration.MeterRequests, Kind: ration.KindQuota, Period: ration.PeriodDay}
		full = append(full, Event{Limit: limit, Period: day, Most: refundsWithoutQuota, Units: refunded})
	}
	return full
}

// mostRefunded returns how many units of a quota may be given back in one period.
func mostRefunded(quota *ration.Limit) int64 {
	return max(quota.Quantity/refundShare, min(quota.Quantity, quota.Unit.Of(minRefunded, 0)))
}

// quota returns the quota of a meter for a period, or nil.
func (p *Policy) quota(meter string, period ration.Period) *ration.Limit {
	for i := range p.Limits {
		if p.Limits[i].Key() == (ration.LimitKey{Meter: meter, Kind: ration.KindQuota, Period: period}) {
			return &p.Limits[i]
		}
	}
	return nil
}

func unitsOf(r *ration.Receipt, meter string) int64 {
	for i := range r.Postings {
		if r.Postings[i].Meter == meter {
			return r.Postings[i].Units
		}
	}
	return 0
}

// refunded returns how much was given back in a period, by this batch too.
func (a *Account) refunded(period RefundPeriod) int64 {
	work := a.work()
	return work.refundedBefore[period] + work.refundedNow[period]
}

// countRefund counts a charge that was given back, and its units.
func (a *Account) countRefund(receipt *ration.Receipt) {
	work, day := a.work(), receipt.Postings[0].Day()
	write := a.write(ration.MeterRequests)
	write.Posted = true
	write.day(day).Refunds++
	work.refunds[day]++
	for i := range receipt.Postings {
		a.countRefundShifted(&receipt.Postings[i])
	}
	for _, period := range refundPeriods(receipt) {
		if _, again := work.refundedNow[period]; !again {
			work.refundedIn = append(work.refundedIn, period)
		}
		work.refundedNow[period] += min(unitsOf(receipt, period.Meter), ration.MaxTotalUnits-a.refunded(period))
	}
}

// Refunded returns the units that the batch gives back, to be added to the stored
// counts. Each period comes once.
func (a *Account) Refunded() []PeriodRefunds {
	if a.prior == nil {
		return nil
	}
	refunded := make([]PeriodRefunds, len(a.prior.refundedIn))
	for i, period := range a.prior.refundedIn {
		refunded[i] = PeriodRefunds{period, a.prior.refundedNow[period]}
	}
	return refunded
}
