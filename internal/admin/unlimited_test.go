package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// A limit on any meter is one, and what holds after a temporary one counts too.
func TestKeyWithoutLimitIsReported(t *testing.T) {
	end := noon.Add(time.Hour)
	later := end.Add(time.Hour)
	limit := func(text string, until time.Time) ration.Override {
		override, err := admin.ParseOverride(text)
		if err != nil {
			t.Fatal(err)
		}
		override.ExpiresAt = until
		return override
	}
	never := time.Time{}
	o := open(t)
	for _, row := range []struct {
		name string
		key  admin.NewKey
		want *admin.NoLimit
	}{
		{"nothing", admin.NewKey{}, &admin.NoLimit{}},
		{"meant", admin.NewKey{Unlimited: true}, &admin.NoLimit{Marked: true}},
		{"a lasting limit", admin.NewKey{Overrides: []ration.Override{limit("5/day", never)}}, nil},
		{"a rate", admin.NewKey{Overrides: []ration.Override{limit("5/second", never)}}, nil},
		{"a limit of nothing", admin.NewKey{Overrides: []ration.Override{limit("0/day", never)}}, nil},
		{"another meter", admin.NewKey{Overrides: []ration.Override{limit("5 tokens/day", never)}}, nil},
		{"a lifting one alone", admin.NewKey{Overrides: []ration.Override{limit("unlimited/day", never)}}, &admin.NoLimit{}},
		{"a temporary one alone", admin.NewKey{Overrides: []ration.Override{limit("5/day", end)}}, &admin.NoLimit{From: end}},
		{"two temporary ones", admin.NewKey{Overrides: []ration.Override{limit("5/day", end), limit("5/week", later)}}, &admin.NoLimit{From: later}},
		{"a temporary one, which is meant", admin.NewKey{Overrides: []ration.Override{limit("5/day", end)}, Unlimited: true}, &admin.NoLimit{From: end, Marked: true}},
		{"a temporary one on a lasting one", admin.NewKey{Overrides: []ration.Override{limit("5/day", never), limit("9/day", end)}}, nil},
		{"a temporary lift", admin.NewKey{Overrides: []ration.Override{limit("5/day", never), limit("unlimited/day", end)}}, &admin.NoLimit{Until: end}},
		{"one that ends with its limit", admin.NewKey{ExpiresAt: end, Overrides: []ration.Override{limit("5/day", end)}}, nil},
		{"one that ends after its limit", admin.NewKey{ExpiresAt: later, Overrides: []ration.Override{limit("5/day", end)}}, &admin.NoLimit{From: end}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.key.Name = row.name
			issued, err := o.CreateKey(t.Context(), actor, row.key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, issued.Key.NoLimit); diff != "" {
				t.Errorf("without a limit (-want +got):\n%s", diff)
			}
			listed, err := o.ListKeys(t.Context(), admin.KeyFilter{Name: row.name})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, listed.Keys[0].NoLimit); diff != "" {
				t.Errorf("as listed (-want +got):\n%s", diff)
			}
			shown, err := o.ShowKey(t.Context(), issued.Key.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, shown.NoLimit); diff != "" {
				t.Errorf("as shown (-want +got):\n%s", diff)
			}
		})
	}
}
