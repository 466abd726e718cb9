package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var keyListTests = []contractTest{
	{"pages of keys are parts of one list", testKeyLists},
	{"a key is found by its words", testKeySearch},
	{"a key is found once by two words", testKeySearchOnce},
	{"what is written between pages moves no other key", testKeyListsMeanwhile},
	{"the list goes on after any position", testAnyPosition},
	{"a page looks at a bounded number of keys", testKeyBounds},
}

// listOrders are all orders of keys.
var listOrders = []admin.KeyFilter{
	{},
	{Descending: true},
	{Sort: admin.SortByName},
	{Sort: admin.SortByName, Descending: true},
	{Sort: admin.SortByOwner},
	{Sort: admin.SortByOwner, Descending: true},
}

// listedTexts are names and owners that are alike to some rules of order or folding.
var listedTexts = []string{
	"a", "A", "b", "ab", "a b", "a-b", "á", "a\u0301", "ä", "z", "Z", "ß", "ss", "ſs", "İ", "i", "I", "ı", "%", "_", "a%", "a_", `'"\`,
	"💣", "💣 a", "\U0010FFFFx", "é b", "日本", "ﬃ", "0", "00", "a0",
}

// listedKeys are keys as a naive list has them.
type listedKeys map[ration.KeyID]ration.Key

// draw creates keys of an owner's start, a plan or none, and all states.
func (f *fixture) draw(keys int, mark string, plans []string) listedKeys {
	all := make(listedKeys)
	for range keys {
		f.keyWith(func(change *admin.KeyChange) {
			key := &change.Key.Key
			key.Name, key.Owner = f.text(mark), f.text(mark)
			key.Plan = plans[rand.IntN(len(plans))]
			key.Status = []ration.Status{ration.StatusActive, ration.StatusDisabled, ration.StatusPending}[rand.IntN(3)]
			all[key.ID] = *key
		})
	}
	return all
}

// text draws a text that belongs to a mark.
func (*fixture) text(mark string) string {
	return mark + listedTexts[rand.IntN(len(listedTexts))] + " " + listedTexts[rand.IntN(len(listedTexts))]
}

// list sorts those that match, and looks at all of them.
func (all listedKeys) list(filter admin.KeyFilter) (ids []ration.KeyID) {
	var keys []ration.Key
	for _, key := range all {
		search := admin.NewKeySearch(filter.Search)
		if admin.Matches(&filter, &key) && (filter.Search == "" || search.FindsKey(&key)) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b ration.Key) int {
		byID := slices.Compare(a.ID[:], b.ID[:])
		switch filter.Sort {
		case admin.SortByName:
			return cmp.Or(slices.Compare([]byte(a.Name), []byte(b.Name)), byID)
		case admin.SortByOwner:
			return cmp.Or(slices.Compare([]byte(a.Owner), []byte(b.Owner)), byID)
		}
		return byID
	})
	if filter.Descending {
		slices.Reverse(keys)
	}
	for _, key := range keys {
		ids = append(ids, key.ID)
	}
	return ids
}

// only leaves out keys of other tests.
func (all listedKeys) only(ids []ration.KeyID) []ration.KeyID {
	return slices.DeleteFunc(ids, func(id ration.KeyID) bool { _, ours := all[id]; return !ours })
}

func testKeyLists(f *fixture) {
	plans := []string{"", f.plan().Name, f.plan().Name}
	mark := uniqueName()
	all := f.draw(40, mark, plans)
	var filters []admin.KeyFilter
	for _, key := range all {
		filters = append(filters, admin.KeyFilter{Owner: key.Owner}, admin.KeyFilter{Name: key.Name}, admin.KeyFilter{Plan: plans[1]},
			admin.KeyFilter{Owner: key.Owner, Plan: plans[2]}, admin.KeyFilter{Owners: []string{key.Owner}, Status: ration.StatusPending},
			admin.KeyFilter{Owners: []string{key.Owner, key.Name, mark}}, admin.KeyFilter{Plans: plans[1:], Status: ration.StatusActive},
			admin.KeyFilter{Search: mark}, admin.KeyFilter{Search: key.Name + " " + key.Owner}, admin.KeyFilter{Search: mark, Plan: plans[1]},
			admin.KeyFilter{Search: mark, Owner: key.Owner, Plans: plans[1:]}, admin.KeyFilter{Plans: plans, Owners: []string{}})
		if len(filters) > 12 {
			break
		}
	}
	for _, filter := range filters {
		for _, order := range listOrders {
			filter.Sort, filter.Descending = order.Sort, order.Descending
			want := all.list(filter)
			for _, limit := range []int{0, 1 + rand.IntN(3)} {
				filter.Limit = limit
				if got := all.only(f.list(filter)); !slices.Equal(got, want) {
					f.Fatalf("%+v finds\n%v, want\n%v", filter, got, want)
				}
			}
		}
	}
}

func testKeySearch(f *fixture) {
	mark := strings.ToLower(strings.ReplaceAll(uniqueName(), "-", ""))
	id := f.keyWith(func(change *admin.KeyChange) {
		change.Key.Name, change.Key.Owner = "Zoë's Straße "+mark+"x", "ada."+strings.Repeat("long", 20)+mark+"@Example.com"
		addSecretThatStarts(change, "q%_"+mark[:5], f.now)
	})
	finds := func(id ration.KeyID, text string, want bool) {
		f.Helper()
		if found := slices.Contains(f.list(admin.KeyFilter{Search: text}), id); found != want {
			f.Errorf("%q finds the key: %v, want %v", text, found, want)
		}
	}
	long := "LONG" + strings.Repeat("long", 19) + mark
	for _, text := range []string{
		mark + "x", "zoe " + mark, "ZOE\u0308 " + mark, "strasse " + mark, "STRASSE " + mark, "ſtraße " + mark, mark + " s", long, long[:60], "ada ex " + mark,
		id.String(), strings.TrimPrefix(id.String(), "key_"), "q%_" + mark[:5], "q%_" + mark[:2],
	} {
		finds(id, text, true)
	}
	for _, text := range []string{
		mark + "y", "oe " + mark, "x " + mark, long + "x", "q__" + mark[:5], "Q%_" + mark[:5], "%", "_", "'", `\`, "…", "%%%", "💣", "\u0301", strings.Repeat("a", 1000), "key_",
	} {
		finds(id, text, false)
	}
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Name, change.Key.UpdatedAt = "other "+mark+"z", change.Now })
	finds(id, mark+"x", false)
	finds(id, mark+"z ada", true)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Owner, change.Key.Status = "", ration.StatusRevoked })
	finds(id, mark+"z", true)
	finds(id, mark+"z ada", false)
	for _, name := range listedTexts {
		id := f.keyWith(func(change *admin.KeyChange) { change.Key.Name = name + " " + mark })
		finds(id, name+" "+mark, true)
		finds(id, mark+" "+strings.ToLower(name), true)
	}
}

func testKeySearchOnce(f *fixture) {
	mark := strings.ToLower(strings.ReplaceAll(uniqueName(), "-", ""))
	var want []ration.KeyID
	for i := range 5 {
		want = append(want, f.keyWith(func(change *admin.KeyChange) {
			change.Key.Name, change.Key.Owner = fmt.Sprintf("%sa %sb", mark, mark), fmt.Sprintf("%s%d", mark, i)
			addSecretThatStarts(change, mark[:8], f.now)
		}))
	}
	want = inOrder(f, want)
	for _, text := range []string{mark, mark + " " + mark + "a", mark[:8]} {
		for _, limit := range []int{1, 2, 5, 6} {
			f.want(text, want, f.list(admin.KeyFilter{Search: text, Limit: limit}))
		}
	}
}

// testKeyListsMeanwhile renames, creates and disables keys between two pages: all others
// are listed, each once.
func testKeyListsMeanwhile(f *fixture) {
	for _, order := range listOrders {
		for _, searching := range []bool{false, true} {
			mark, plans := uniqueName(), []string{f.plan().Name}
			all := f.draw(24, mark, plans)
			filter := admin.KeyFilter{Plan: plans[0], Sort: order.Sort, Descending: order.Descending, Limit: 1 + rand.IntN(3)}
			if searching {
				filter.Search = mark
			}
			var got []ration.KeyID
			for pages := 0; ; pages++ {
				page, err := f.Store.ListKeys(f.Context(), filter)
				if err != nil {
					f.Fatal(err)
				}
				for _, key := range page.Keys {
					got = append(got, key.ID)
				}
				if filter.After = page.Next; filter.After.IsZero() {
					break
				}
				if pages > 10 {
					continue // or the list would grow for ever
				}
				f.keyWith(func(change *admin.KeyChange) {
					change.Key.Name, change.Key.Owner, change.Key.Plan = f.text(mark), f.text(mark), plans[0]
				})
				for id := range all { // any, or one at the border
					if last := len(got) - 1; last >= 0 && rand.IntN(2) == 0 {
						id = got[last]
					}
					f.updateKey(id, func(change *admin.KeyChange) { change.Key.Name, change.Key.Owner = f.text(mark), f.text(mark) })
					delete(all, id)
					break
				}
			}
			seen := make(map[ration.KeyID]int)
			for _, id := range got {
				seen[id]++
			}
			for id := range all {
				if seen[id] != 1 {
					f.Errorf("%+v lists a key %d times that nobody has changed", filter, seen[id])
				}
			}
			if kept := all.only(got); !slices.Equal(kept, all.list(filter)) {
				f.Errorf("%+v lists\n%v, want\n%v", filter, kept, all.list(filter))
			}
		}
	}
}

// testAnyPosition goes on after positions where no key is.
func testAnyPosition(f *fixture) {
	owner := uniqueName()
	all := make(listedKeys)
	for _, name := range listedTexts {
		f.keyWith(func(change *admin.KeyChange) {
			change.Key.Name, change.Key.Owner = name, owner
			all[change.Key.ID] = change.Key.Key
		})
	}
	for _, order := range listOrders {
		filter := admin.KeyFilter{Owner: owner, Sort: order.Sort, Descending: order.Descending}
		whole := all.list(filter)
		for _, text := range append([]string{"", "a\u00a0", "\U0010FFFF"}, listedTexts...) {
			filter.After = filter.Position(&ration.Key{ID: ration.NewKeyID(), Name: text, Owner: text})
			want := slices.DeleteFunc(slices.Clone(whole), func(id ration.KeyID) bool {
				key := all[id]
				at := filter.Position(&key)
				sign := cmp.Or(strings.Compare(at.Text, filter.After.Text), slices.Compare(at.ID[:], filter.After.ID[:]))
				return sign == 0 || sign > 0 == filter.Descending
			})
			f.want(fmt.Sprintf("%+v", filter), want, f.list(filter))
		}
	}
}

// testKeyBounds lists within bounds that are much smaller than the list: pages get short,
// but have the same keys, and never read more rows than the bounds allow.
func testKeyBounds(f *fixture) {
	if f.ListWithin == nil {
		return
	}
	plans, mark := []string{"", f.plan().Name, f.plan().Name}, uniqueName()
	all := f.draw(40, mark, plans)
	owner := ""
	for _, key := range all {
		owner = key.Owner
		break
	}
	short := 0
	for _, filter := range []admin.KeyFilter{
		{},
		{Plan: plans[1]},
		{Owner: owner},
		{Name: owner},
		{Status: ration.StatusPending},
		{Plan: plans[1], Status: ration.StatusPending},
		{Plans: plans[1:], Status: ration.StatusPending},
		{Owners: []string{owner, mark, "b"}},
		{Search: mark},
		{Search: mark + " a", Plan: plans[2]},
		{Search: mark + " z", Owners: []string{owner, mark}},
		{Status: ration.StatusActive, Plans: []string{plans[2], "none"}},
	} {
		for range 2 {
			order := listOrders[rand.IntN(len(listOrders))]
			few, looked := rand.IntN(9), 1+rand.IntN(9)
			filter.Sort, filter.Descending, filter.Limit, filter.After = order.Sort, order.Descending, 1+rand.IntN(3), admin.KeyPosition{}
			most := 9*(few+1) + 3*max(looked, filter.Limit+1) + 5*filter.Limit
			want := all.list(filter)
			var got []ration.KeyID
			for {
				page, rows, err := f.ListWithin(f.Context(), f.Store, filter, few, looked)
				if err != nil {
					f.Fatal(err)
				}
				if rows > most {
					f.Errorf("%+v reads %d rows, want at most %d", filter, rows, most)
				}
				for _, key := range page.Keys {
					got = append(got, key.ID)
				}
				if filter.After = page.Next; filter.After.IsZero() {
					break
				}
				if len(page.Keys) < filter.Limit {
					short++
				}
			}
			if got = all.only(got); !slices.Equal(got, want) {
				f.Errorf("%+v within %d and %d finds\n%v, want\n%v", filter, few, looked, got, want)
			}
		}
	}
	if short == 0 {
		f.Error("no page was short, so this proves nothing")
	}
}
