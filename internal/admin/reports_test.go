package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestUsageDays(t *testing.T) {
	o := open(t)
	alice := o.create(admin.NewKey{Name: "a", Owner: "alice", TimeZone: "Pacific/Auckland"}) // already tomorrow there
	bob := o.create(admin.NewKey{Name: "b", Owner: "bob", Overrides: []ration.Override{o.override("2/day", time.Time{})}})
	o.charge(alice.Secret, ration.Amount{Meter: "tokens", Units: 5})
	for range 3 {
		o.charge(bob.Secret)
	}
	o.set(noon.Add(24 * time.Hour))
	o.charge(bob.Secret)

	june15, june16 := ration.DateID(2030, 6, 15), ration.DateID(2030, 6, 16)
	aliceRequests := admin.UsageDay{KeyID: alice.Key.ID, KeyName: "a", Owner: "alice", Meter: "requests", Date: june16, Used: 1, LastRequestAt: noon}
	aliceTokens := admin.UsageDay{KeyID: alice.Key.ID, KeyName: "a", Owner: "alice", Meter: "tokens", Date: june16, Used: 5, LastRequestAt: noon}
	bobFirst := admin.UsageDay{KeyID: bob.Key.ID, KeyName: "b", Owner: "bob", Meter: "requests", Date: june15, Used: 2, Denied: 1, LastRequestAt: noon}
	bobSecond := admin.UsageDay{KeyID: bob.Key.ID, KeyName: "b", Owner: "bob", Meter: "requests", Date: june16, Used: 1, LastRequestAt: o.now()}
	for _, row := range []struct {
		name   string
		filter admin.UsageFilter
		want   []admin.UsageDay
	}{
		{"all, by date, key and meter", admin.UsageFilter{}, []admin.UsageDay{bobFirst, aliceRequests, aliceTokens, bobSecond}},
		{"a key's", admin.UsageFilter{KeyID: bob.Key.ID}, []admin.UsageDay{bobFirst, bobSecond}},
		{"an owner's", admin.UsageFilter{Owner: "alice"}, []admin.UsageDay{aliceRequests, aliceTokens}},
		{"on a meter", admin.UsageFilter{Meter: "tokens"}, []admin.UsageDay{aliceTokens}},
		{"from a date", admin.UsageFilter{KeyID: bob.Key.ID, From: june16}, []admin.UsageDay{bobSecond}},
		{"to a date, included", admin.UsageFilter{To: june15}, []admin.UsageDay{bobFirst}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := o.UsageDays(t.Context(), row.filter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("days (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReportsRefuse(t *testing.T) {
	o := open(t)
	_, err := o.UsageDays(t.Context(), admin.UsageFilter{From: 10, To: 9})
	wantInvalid(t, err, "to")
	_, err = o.UsageDays(t.Context(), admin.UsageFilter{Meter: "No Meter"})
	wantInvalid(t, err, "meter")
	_, err = o.UsageDays(t.Context(), admin.UsageFilter{Limit: -1})
	wantInvalid(t, err, "limit")
	_, err = o.ListAudit(t.Context(), admin.AuditFilter{Limit: 100_001})
	wantInvalid(t, err, "limit")
}

func TestListAudit(t *testing.T) {
	o := open(t)
	first := o.create(admin.NewKey{}).Key.ID
	o.set(noon.Add(time.Minute))
	if _, err := o.DisableKey(t.Context(), "cli:other", first); err != nil {
		t.Fatal(err)
	}
	if got := o.audit(admin.AuditFilter{}); len(got) != 2 || got[0].Action != "key.disable" || string(got[0].Details) != `{"status":{"old":"active","new":"disabled"}}` {
		t.Errorf("entries %+v; want the newest first, with old and new", got)
	}
	if got := o.audit(admin.AuditFilter{Actor: "cli:other"}); len(got) != 1 || got[0].Actor != "cli:other" {
		t.Errorf("entries of cli:other %+v; want one", got)
	}
	if got := o.audit(admin.AuditFilter{Limit: 1}); len(got) != 1 {
		t.Errorf("%d entries; want 1", len(got))
	}
}
