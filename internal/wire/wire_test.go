package wire_test

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// mayBeNull are the fields that are null where there is no such time.
var mayBeNull = regexp.MustCompile(`"[a-z_]+_at":null`)

// TestNothingButTimesIsNull has everything empty: clients read lists and maps
// without looking first.
func TestNothingButTimesIsNull(t *testing.T) {
	for name, value := range map[string]any{
		"keys":         wire.Keys([]admin.KeyRecord{{}}, time.Time{}),
		"no keys":      wire.Keys(nil, time.Time{}),
		"no limit":     wire.Keys([]admin.KeyRecord{{NoLimit: &admin.NoLimit{}}}, time.Time{}),
		"key status":   wire.KeyStatus(admin.KeyStatus{Limits: []ration.LimitStatus{{}}, Usage: []admin.MeterUsage{{}}}),
		"plans":        wire.Plans([]ration.Plan{{}}),
		"no plans":     wire.Plans(nil),
		"tokens":       wire.Tokens([]admin.Token{{}}),
		"no tokens":    wire.Tokens(nil),
		"usage":        wire.UsageDays([]admin.UsageDay{{}}),
		"no usage":     wire.UsageDays(nil),
		"audit":        wire.AuditEntries([]admin.AuditEntry{{}}),
		"no audit":     wire.AuditEntries(nil),
		"keys changed": wire.KeysChanged(admin.KeysChanged{}, true),
		"issued":       wire.IssuedSecret(admin.IssuedSecret{}),
		"issued token": wire.IssuedToken(admin.IssuedToken{}),
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if left := mayBeNull.ReplaceAll(text, nil); regexp.MustCompile(`null`).Match(left) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestTimesAreInUTC(t *testing.T) {
	local := time.Date(2030, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	key := wire.Key(admin.KeyRecord{Key: ration.Key{ExpiresAt: local, CreatedAt: local}}, local)
	if key.ExpiresAt.Location() != time.UTC || key.CreatedAt.Location() != time.UTC || !key.ExpiresAt.Equal(local) || !key.Expired {
		t.Errorf("key %+v; want times in UTC, and expired at its very end", key)
	}
	if before := wire.Key(admin.KeyRecord{Key: ration.Key{ExpiresAt: local}}, local.Add(-1)); before.Expired {
		t.Error("expired before its end")
	}
}

// TestExpiredOverridesAreNotMarked: a limit is the key's own only while its
// override holds.
func TestExpiredOverridesAreNotMarked(t *testing.T) {
	limit := ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Quantity: 1, Period: ration.PeriodDay}
	end := time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)
	status := admin.KeyStatus{Limits: []ration.LimitStatus{{Limit: limit}}}
	status.Overrides = []ration.Override{{Limit: limit, ExpiresAt: end}}
	for at, want := range map[time.Time]bool{end.Add(-1): true, end: false} {
		status.At = at
		if got := wire.KeyStatus(status).Limits[0].Override; got != want {
			t.Errorf("at %s: override %v; want %v", at, got, want)
		}
	}
}
