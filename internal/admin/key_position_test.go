package admin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// TestPositionsDontTellOfKeysOutOfReach walks over so many keys out of reach that pages end
// among them.
func TestPositionsDontTellOfKeysOutOfReach(t *testing.T) {
	o := open(t)
	o.plan("ours")
	for part := range 4 {
		var keys admin.KeysImport
		for i := range admin.MaxKeysAtOnce {
			key := admin.ImportedKey{
				Name: fmt.Sprintf("theirs %d.%d", part, i), Owner: fmt.Sprintf("foreign %d", i%9), Status: ration.StatusActive,
				Digest: ration.SecretFromText(fmt.Sprintf("a secret %d %d", part, i)).Digest(nil),
			}
			if i%3 == 0 {
				key.Name, key.Owner, key.Plan = fmt.Sprintf("mine %d.%d", part, i), "own", "ours"
			}
			keys.Keys = append(keys.Keys, key)
		}
		if _, err := o.ImportKeys(t.Context(), actor, keys); err != nil {
			t.Fatal(err)
		}
	}
	reached := o.Within(admin.Reach{Owners: []string{"own", "nobody"}, Plans: []string{"ours"}})
	for _, filter := range []admin.KeyFilter{
		{},
		{Sort: admin.SortByName},
		{Sort: admin.SortByName, Descending: true},
		{Sort: admin.SortByOwner},
		{Sort: admin.SortByOwner, Descending: true},
		{Sort: admin.SortByName, Search: "e"},
		{Sort: admin.SortByName, Search: "mine"},
		{Sort: admin.SortByOwner, Status: ration.StatusActive},
	} {
		filter.Limit = 400
		seen, hidden := map[ration.KeyID]bool{}, 0
		for pages := 0; ; pages++ {
			page, err := reached.ListKeys(t.Context(), filter)
			if err != nil || pages > 100 {
				t.Fatalf("%d pages: %v", pages, err)
			}
			for _, key := range page.Keys {
				if seen[key.ID] || key.Owner != "own" {
					t.Errorf("%+v lists %s %s again or out of reach", filter, key.ID, key.Name)
				}
				seen[key.ID] = true
			}
			text, err := json.Marshal(page.Next)
			if err != nil || strings.Contains(string(text), "theirs") || strings.Contains(string(text), "foreign") {
				t.Errorf("%+v: the position tells %s, %v", filter, text, err)
			}
			if page.Next.Hidden != "" {
				hidden++
			}
			if page.Next.IsZero() {
				break
			}
			filter.After = page.Next
		}
		want := 4 * 167
		if filter.Search == "e" {
			want = 0
		}
		if len(seen) != want {
			t.Errorf("%+v lists %d keys, want %d", filter, len(seen), want)
		}
		if filter.Sort == admin.SortByName && filter.Descending && hidden == 0 {
			t.Errorf("%+v: no page ended out of reach, so this proves nothing", filter)
		}
	}
}
