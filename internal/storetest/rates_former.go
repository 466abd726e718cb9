package storetest

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
)

// FormerRates is a database with one key without a plan, whose rates the release
// before writes, in that database's words for the same values.
type FormerRates struct {
	Store Store
	Key   ration.KeyID
	Run   func(t *testing.T, statement string)
	At    func(time.Time) string // a time
}

// Check runs what the release before writes of a rate, by its own columns: then the
// quantity that was kept says nothing, and the rate is read in time, as that release
// reads it. What it leaves alone keeps its quantity.
func (f FormerRates) Check(t *testing.T) {
	t.Helper()
	f.set(t, "6/minute")
	f.want(t, "of 6/minute", 6, 6)
	f.Run(t, "UPDATE key_usage SET denied = denied + 1, day_used = day_used")
	f.set(t, "600/minute")
	now := f.want(t, "of 600/minute", 6, 0)
	f.Run(t, "UPDATE key_usage SET minute_rate_rest = 0, minute_rate_tat = "+f.At(now.Add(30*time.Second)))
	f.want(t, "of 600/minute, moved", 300, 0)
	f.Run(t, "UPDATE key_usage SET minute_rate_tat = "+f.At(now.Add(60*time.Second)))
	f.set(t, "60/minute")
	f.want(t, "of 60/minute, which another wrote", 60, 0)
	f.Run(t, "UPDATE key_usage SET minute_rate_tat = "+f.At(now.Add(time.Hour)))
	f.want(t, "of 60/minute, more than a bucket", 60, 0)
}

func (f FormerRates) set(t *testing.T, text string) {
	t.Helper()
	limit, err := ration.ParseLimit(text)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Store.UpdateKey(t.Context(), f.Key, func(change *admin.KeyChange) error {
		change.Key.Overrides, change.Key.UpdatedAt = []ration.Override{{Limit: limit}}, change.Now
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.update", Target: f.Key.String()}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// want charges units, and wants so many to be owed by then. It returns the time of
// the decision: the clock of a store goes on, so a few may have come back.
func (f FormerRates) want(t *testing.T, of string, owed, units int64) time.Time {
	t.Helper()
	decision := f.charge(t, units)
	status := decision.Limits[0]
	if few := status.Quantity / 10; decision.Code != ration.CodeOK || status.Used > owed || status.Used < owed-few {
		t.Errorf("%s: %s with %+v, want %d owed", of, decision.Code, status, owed)
	}
	return decision.DecidedAt
}

func (f FormerRates) charge(t *testing.T, units int64) ration.Decision {
	t.Helper()
	charge := ration.Charge{KeyID: f.Key, Amounts: []ration.Amount{requests(units)}}
	decisions, err := f.Store.Charge(t.Context(), testbatch.Charges(t, charge))
	if err != nil {
		t.Fatal(err)
	}
	return decisions[0]
}
