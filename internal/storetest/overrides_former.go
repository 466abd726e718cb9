package storetest

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// FormerOverrides is a database with one key, whose overrides the release before
// writes, in that database's words for the same values.
type FormerOverrides struct {
	Store Store
	Key   ration.KeyID
	Now   time.Time
	Run   func(t *testing.T, statement string)
	False string                 // a boolean
	At    func(time.Time) string // a time
}

// Check runs what the release before writes, which takes a key's rows of
// api_key_limits away and puts those that it knows back: what is beneath a temporary
// override holds again after it, and nothing stale ever does.
func (f FormerOverrides) Check(t *testing.T) {
	t.Helper()
	soon, later := f.Now.Add(time.Hour), f.Now.Add(2*time.Hour)
	f.set(t, ration.Override{Limit: perDay(2)}, ration.Override{Limit: perDay(3), ExpiresAt: soon})
	f.wantHeld(t, "as it was set", 3, 2)
	insert := func(quantity, expiry string) {
		f.Run(t, "INSERT INTO api_key_limits (api_key_id, meter, kind, period, name, quantity, burst, unlimited, expires_at) "+
			"SELECT id, 'requests', 'quota', 'day', 'requests-day', "+quantity+", 0, "+f.False+", "+expiry+" FROM api_keys")
	}
	f.Run(t, "DELETE FROM api_key_limits")
	insert("4", f.At(later))
	f.wantHeld(t, "under another temporary limit", 4, 4)
	f.Run(t, "UPDATE api_key_limits SET expires_at = "+f.At(soon))
	f.wantHeld(t, "under one that ends then", 4, 2)
	f.Run(t, "DELETE FROM api_key_limits")
	f.wantHeld(t, "taken away", -1, -1)
	insert("7", "NULL")
	f.wantHeld(t, "under a lasting limit", 7, 7)
	f.set(t, ration.Override{Limit: perDay(8)}) // what an update writes is what holds
	f.Run(t, "UPDATE api_key_limits SET expires_at = "+f.At(soon))
	f.wantHeld(t, "updated", 8, -1)
}

func perDay(quantity int64) ration.Limit {
	return ration.Limit{Name: "requests-day", Meter: ration.MeterRequests, Kind: ration.KindQuota, Quantity: quantity, Period: ration.PeriodDay}
}

// set gives the key these overrides and no others.
func (f FormerOverrides) set(t *testing.T, overrides ...ration.Override) {
	t.Helper()
	_, err := f.Store.UpdateKey(t.Context(), f.Key, func(change *admin.KeyChange) error {
		change.Key.Overrides = overrides
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.update", Target: f.Key.String()}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantHeld wants the quantity that holds now and in an hour; -1: no limit does.
func (f FormerOverrides) wantHeld(t *testing.T, when string, want ...int64) {
	t.Helper()
	record, err := f.Store.Key(t.Context(), f.Key)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range []time.Time{f.Now, f.Now.Add(time.Hour)} {
		got := int64(-1)
		if limits := ledger.EffectiveLimits(nil, record.Overrides, at); len(limits) > 0 {
			got = limits[0].Quantity
		}
		if got != want[i] {
			t.Errorf("%s, %s from now: %d holds, want %d", when, at.Sub(f.Now), got, want[i])
		}
	}
}
