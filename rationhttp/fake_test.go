package rationhttp_test

import (
	"context"
	"sync"
	"time"

	"github.com/ration-dev/ration"
)

// noon is when fakes decide.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// fakeCharger decides every charge alike and remembers them.
type fakeCharger struct {
	decision ration.Decision
	err      error

	refundErr error

	mu       sync.Mutex
	charges  []ration.Charge
	receipts []ration.Receipt
}

func (f *fakeCharger) Charge(_ context.Context, charge ration.Charge) (ration.Decision, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.charges = append(f.charges, charge)
	return f.decision, f.err
}

// Refund gives back whatever it is asked to, unless told otherwise.
func (f *fakeCharger) Refund(_ context.Context, receipt ration.Receipt) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.receipts = append(f.receipts, receipt)
	return f.refundErr
}

func (f *fakeCharger) refunds() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.receipts)
}

func (f *fakeCharger) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.charges)
}

// allowed is a decision of a key with 1000/day, of which 401 are used.
func allowed() ration.Decision {
	return ration.Decision{
		Code: ration.CodeOK, KeyID: ration.NewKeyID(), KeyName: "test", Owner: "ada", Plan: "free", DecidedAt: noon,
		Limits: []ration.LimitStatus{daily(401)},
	}
}

// refundable is allowed, with the receipt of one request.
func refundable() ration.Decision {
	decision := allowed()
	decision.Limits = append(decision.Limits, secondly(3))
	decision.Receipt = &ration.Receipt{KeyID: decision.KeyID, Postings: []ration.Posting{{Meter: "requests", Units: 1}}}
	return decision
}

// daily is 1000 requests a day.
func daily(used int64) ration.LimitStatus {
	midnight := noon.Add(12 * time.Hour)
	return ration.LimitStatus{
		Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Quantity: 1000, Period: ration.PeriodDay},
		Used:  used, Remaining: 1000 - used, ResetsAt: midnight, AvailableAt: midnight,
	}
}

// secondly is 10 requests a second, 20 at once.
func secondly(used int64) ration.LimitStatus {
	return ration.LimitStatus{
		Limit: ration.Limit{Name: "requests-rate-second", Meter: "requests", Kind: ration.KindRate, Quantity: 10, Period: ration.PeriodSecond, Burst: 20},
		Used:  used, Remaining: 20 - used, ResetsAt: noon.Add(time.Duration(used) * 100 * time.Millisecond), AvailableAt: noon.Add(100 * time.Millisecond),
	}
}
