package admin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// standing is what a test looks at of a limit.
type standing struct {
	Name                  string
	Size, Used, Remaining int64
	ResetsAt              time.Time
}

func (o *office) standings(id ration.KeyID) []standing {
	o.Helper()
	status, err := o.ShowKey(o.Context(), id)
	if err != nil {
		o.Fatal(err)
	}
	var all []standing
	for _, limit := range status.Limits {
		all = append(all, standing{limit.Name, limit.Size(), limit.Used, limit.Remaining, limit.ResetsAt})
	}
	return all
}

func TestShowKeySaysWhatRemains(t *testing.T) {
	o := open(t)
	o.plan("free", "10/day", "100 tokens/month", "5 tokens/lifetime")
	issued := o.create(admin.NewKey{Plan: "free", Overrides: []ration.Override{o.override("20/day", time.Time{}), o.override("unlimited tokens/lifetime", time.Time{})}})
	o.charge(issued.Secret, ration.Amount{Meter: "tokens", Units: 30})
	midnight := time.Date(2030, 6, 16, 0, 0, 0, 0, time.UTC)
	july := time.Date(2030, 7, 1, 0, 0, 0, 0, time.UTC)
	want := []standing{{"requests-day", 20, 1, 19, midnight}, {"tokens-month", 100, 30, 70, july}}
	if diff := cmp.Diff(want, o.standings(issued.Key.ID)); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	o.set(midnight)
	want[0] = standing{"requests-day", 20, 0, 20, midnight.AddDate(0, 0, 1)}
	if diff := cmp.Diff(want, o.standings(issued.Key.ID)); diff != "" {
		t.Errorf("limits on the next day (-want +got):\n%s", diff)
	}
	status, err := o.ShowKey(t.Context(), issued.Key.ID)
	if err != nil {
		t.Fatal(err)
	}
	tokens := status.Usage[slices.IndexFunc(status.Usage, func(m admin.MeterUsage) bool { return m.Meter == "tokens" })]
	if tokens.Used != 30 || tokens.Day != 0 || tokens.Month != 30 || status.PeriodZone != "UTC" {
		t.Errorf("tokens %+v in zone %s; want 30 ever and this month, 0 today, UTC", tokens, status.PeriodZone)
	}
}

// TestShowKeyOfAKeyThatMayNotBeUsed: the operator wants to see its limits all the same.
func TestShowKeyOfAKeyThatMayNotBeUsed(t *testing.T) {
	o := open(t)
	issued := o.create(admin.NewKey{ExpiresAt: noon.Add(time.Hour), Overrides: []ration.Override{o.override("1/day", time.Time{})}})
	if _, err := o.RevokeKey(t.Context(), actor, issued.Key.ID); err != nil {
		t.Fatal(err)
	}
	o.set(noon.Add(2 * time.Hour))
	if got := o.standings(issued.Key.ID); len(got) != 1 || got[0].Remaining != 1 {
		t.Errorf("limits %v; want one with 1 remaining", got)
	}
	o.wantCode(issued.Secret, ration.CodeKeyRevoked)
}

func TestShowKeyChangesNothing(t *testing.T) {
	o := open(t)
	issued := o.create(admin.NewKey{Overrides: []ration.Override{o.override("0/day", time.Time{})}})
	before, _, err := o.store.KeyUsage(t.Context(), issued.Key.ID)
	if err != nil {
		t.Fatal(err)
	}
	o.standings(issued.Key.ID)
	after, _, err := o.store.KeyUsage(t.Context(), issued.Key.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("usage (-before +after):\n%s", diff)
	}
	unknown := ration.NewKeyID()
	_, err = o.ShowKey(t.Context(), unknown)
	wantError(t, err, ration.ErrNotFound, unknown.String())
}

func TestListKeys(t *testing.T) {
	o := open(t)
	o.plan("free")
	a := o.create(admin.NewKey{Name: "one", Owner: "alice", Plan: "free"}).Key.ID
	b := o.create(admin.NewKey{Name: "two", Owner: "alice"}).Key.ID
	c := o.create(admin.NewKey{Name: "two", Owner: "bob"}).Key.ID
	if _, err := o.DisableKey(t.Context(), actor, c); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		filter admin.KeyFilter
		want   []ration.KeyID
	}{
		{"all, the oldest first", admin.KeyFilter{}, []ration.KeyID{a, b, c}},
		{"by owner", admin.KeyFilter{Owner: "alice"}, []ration.KeyID{a, b}},
		{"by plan", admin.KeyFilter{Plan: "free"}, []ration.KeyID{a}},
		{"by status", admin.KeyFilter{Status: ration.StatusDisabled}, []ration.KeyID{c}},
		{"by name, all who share it", admin.KeyFilter{Name: "two"}, []ration.KeyID{b, c}},
		{"a page", admin.KeyFilter{After: admin.KeyPosition{ID: a}, Limit: 1}, []ration.KeyID{b}},
		{"by words", admin.KeyFilter{Search: " BO "}, []ration.KeyID{c}},
		{"by an empty search", admin.KeyFilter{Search: " "}, []ration.KeyID{a, b, c}},
		{"by name, reversed", admin.KeyFilter{Sort: admin.SortByName, Descending: true}, []ration.KeyID{c, b, a}},
		{"none", admin.KeyFilter{Owner: "carol"}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			keys, err := o.ListKeys(t.Context(), row.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []ration.KeyID
			for _, key := range keys.Keys {
				got = append(got, key.ID)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
	_, err := o.ListKeys(t.Context(), admin.KeyFilter{Status: "gone"})
	wantInvalid(t, err, "status")
	_, err = o.ListKeys(t.Context(), admin.KeyFilter{Sort: "plan"})
	wantInvalid(t, err, "sort")
	_, err = o.ListKeys(t.Context(), admin.KeyFilter{After: admin.KeyPosition{Hidden: "AAAA"}})
	wantInvalid(t, err, "after")
	for _, text := range []string{"a\x00", "a\xff", strings.Repeat("a", 10_000)} {
		for field, filter := range map[string]admin.KeyFilter{
			"search": {Search: text}, "name": {Name: text}, "owner": {Owner: text}, "plan": {Plan: text}, "secret_start": {SecretStart: text},
			"after": {After: admin.KeyPosition{Text: text}, Sort: admin.SortByName},
		} {
			_, err = o.ListKeys(t.Context(), filter)
			wantInvalid(t, err, field)
		}
	}
	for _, size := range []int{-1, 1e9} {
		_, err := o.ListKeys(t.Context(), admin.KeyFilter{Limit: size})
		wantInvalid(t, err, "limit")
	}
}
