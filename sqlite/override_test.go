package sqlite_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/sqlite"
)

// TestReleaseBeforeCantLoseWhatIsBeneath runs what the release before writes, which
// takes a key's rows of api_key_limits away and puts those that it knows back.
func TestReleaseBeforeCantLoseWhatIsBeneath(t *testing.T) {
	now := time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC)
	end := now.Add(time.Hour)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: func() time.Time { return now }})
	key := createKey(t, store, "")
	setLayers(t, store, key, end)
	run := func(statement string) {
		t.Helper()
		if err := store.Run(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(when string, want ...int64) {
		t.Helper()
		record, err := store.Key(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range []time.Time{now, end} {
			limits := ration.EffectiveLimits(nil, record.Overrides, at)
			if got := quantity(limits); got != want[i] {
				t.Errorf("%s, %s from now: %d holds, want %d", when, at.Sub(now), got, want[i])
			}
		}
	}
	holds("as it was set", 3, 2)
	const insert = "INSERT INTO api_key_limits (api_key_id, meter, kind, period, name, quantity, burst, unlimited, expires_at) SELECT id, 'requests', 'quota', 'day', 'requests-day', "
	run("DELETE FROM api_key_limits")
	run(insert + "4, 0, 0, 1907762400000000 FROM api_keys") // until 14:00
	holds("under another temporary limit", 4, 4)
	run("UPDATE api_key_limits SET expires_at = 1907758800000000") // until 13:00
	holds("under one that ends then", 4, 2)
	run("DELETE FROM api_key_limits")
	holds("taken away", -1, -1)
	run(insert + "7, 0, 0, NULL FROM api_keys")
	holds("under a lasting limit", 7, 7)
	// What an update writes is what holds, without anything stale beneath.
	_, err := store.UpdateKey(t.Context(), key, func(change *admin.KeyChange) error {
		change.Key.Overrides[0].Quantity = 8
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.update", Target: key.String()}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	run("UPDATE api_key_limits SET expires_at = 1907758800000000")
	holds("updated", 8, -1)
}

// setLayers gives a key 2/day for good and 3/day until an end.
func setLayers(t *testing.T, store *sqlite.Store, key ration.KeyID, end time.Time) {
	t.Helper()
	_, err := store.UpdateKey(t.Context(), key, func(change *admin.KeyChange) error {
		for quantity, end := range map[string]time.Time{"2/day": {}, "3/day": end} {
			limit, err := ration.ParseLimit(quantity)
			if err != nil {
				return err
			}
			change.Key.Overrides = append(change.Key.Overrides, ration.Override{Limit: limit, ExpiresAt: end})
		}
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.update", Target: key.String()}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// quantity returns that of the only limit, -1 if there is none.
func quantity(limits []ration.Limit) int64 {
	if len(limits) == 0 {
		return -1
	}
	return limits[0].Quantity
}
