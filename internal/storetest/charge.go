package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
)

// item is what tests put into a batch; see [testbatch.Item].
type item = testbatch.Item

// chargeOf makes a charge of a key; without amounts it is one request.
func chargeOf(id ration.KeyID, amounts ...ration.Amount) item {
	return item{Charge: ration.Charge{KeyID: id, Amounts: amounts}}
}

func units(meter string, n int64) ration.Amount { return ration.Amount{Meter: meter, Units: n} }

func requests(n int64) ration.Amount { return units(ration.MeterRequests, n) }

// repeat makes n charges that are all the same.
func repeat(n int, charge item) []item {
	charges := make([]item, n)
	for i := range charges {
		charges[i] = charge
	}
	return charges
}

// batch charges one batch through the first instance.
func (f *fixture) batch(charges ...item) []ration.Decision {
	f.Helper()
	decisions, err := chargeBatch(f, f.Store, charges...)
	if err != nil {
		f.Fatalf("charging: %v", err)
	}
	return decisions
}

// chargeBatch normalises and charges. Unlike the fixture's methods it may be
// called from any goroutine.
func chargeBatch(f *fixture, store ration.Store, charges ...item) ([]ration.Decision, error) {
	normal := make([]item, len(charges))
	for i, charge := range charges {
		var err error
		if normal[i], err = charge.Normalize(); err != nil {
			return nil, err
		}
	}
	decisions, err := store.Charge(f.Context(), testbatch.AsIs(normal...))
	if err == nil && len(decisions) != len(charges) {
		f.Errorf("%d decisions for %d charges", len(decisions), len(charges))
	}
	return decisions, err
}

func (f *fixture) charge(charge item) ration.Decision {
	f.Helper()
	return f.batch(charge)[0]
}

// allow charges amounts and wants them admitted with so many remaining on the
// key's limits in their order.
func (f *fixture) allow(id ration.KeyID, amount ration.Amount, remaining ...int64) ration.Decision {
	f.Helper()
	decision := f.charge(chargeOf(id, amount))
	f.wantCode(decision, ration.CodeOK)
	f.wantRemaining(decision, remaining...)
	return decision
}

// deny charges an amount and wants a code and a time to wait.
func (f *fixture) deny(id ration.KeyID, amount ration.Amount, code ration.Code, retryAfter time.Duration) ration.Decision {
	f.Helper()
	decision := f.charge(chargeOf(id, amount))
	f.wantCode(decision, code)
	if decision.RetryAfter != retryAfter {
		f.Errorf("retry after %s, want %s", decision.RetryAfter, retryAfter)
	}
	return decision
}

func (f *fixture) wantCode(decision ration.Decision, want ration.Code) {
	f.Helper()
	if decision.Code != want {
		f.Errorf("code %s with %+v, want %s", decision.Code, decision.Limits, want)
	}
}

func (f *fixture) wantRemaining(decision ration.Decision, want ...int64) {
	f.Helper()
	if len(decision.Limits) != len(want) {
		f.Fatalf("%d limits, want %d: %+v", len(decision.Limits), len(want), decision.Limits)
	}
	for i, limit := range decision.Limits {
		if limit.Remaining != want[i] {
			f.Errorf("%s has %d remaining, want %d", limit.Name, limit.Remaining, want[i])
		}
	}
}
