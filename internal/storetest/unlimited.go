package storetest

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var unlimitedTests = []contractTest{
	{"keys that may be without a limit are found, and no others", testUnlimitedCandidates},
	{"keys without a limit are looked for page by page", testUnlimitedPages},
	{"those found without a limit are those that have none", testUnlimitedByRule},
	{"keys are read by their ids, each once", testKeysByID},
}

// layers reads overrides as people write them, those with an end and those without.
func layers(f *fixture, lasting, temporary []string, end time.Time) (overrides []ration.Override) {
	f.Helper()
	for i, text := range slices.Concat(lasting, temporary) {
		override, err := admin.ParseOverride(text)
		if err != nil {
			f.Fatal(err)
		}
		if override, err = override.Normalize(); err != nil {
			f.Fatal(err)
		}
		if i >= len(lasting) {
			override.ExpiresAt = end
		}
		overrides = append(overrides, override)
	}
	return overrides
}

// candidates looks at all keys that match, a few at a time.
func (f *fixture) candidates(filter admin.KeyFilter, look int) (ids []ration.KeyID) {
	f.Helper()
	filter.Unlimited, filter.Limit = admin.UnlimitedAny, look
	for first := true; first || !filter.After.IsZero(); first = false {
		found, err := f.Store.ListKeys(f.Context(), filter)
		if err != nil {
			f.Fatal(err)
		}
		if !found.Now.Equal(f.now) {
			f.Errorf("looked at %s, want %s", found.Now, f.now)
		}
		for _, key := range found.Keys {
			f.want("candidate", f.stored(key.ID), key)
			ids = append(ids, key.ID)
		}
		filter.After = found.Next
	}
	return ids
}

func testUnlimitedCandidates(f *fixture) {
	day, tokens, none := f.plan("5/day").Name, f.plan("5 tokens/month", "7/second").Name, f.plan().Name
	for name, row := range map[string]struct {
		plan               string
		lasting, temporary []string
		status             ration.Status
		found              bool
	}{
		"nothing":                                     {found: true},
		"a plan of nothing":                           {plan: none, found: true},
		"a lift of what nobody limits":                {lasting: []string{"unlimited/day"}, found: true},
		"a limit that ends":                           {temporary: []string{"1/day"}, found: true},
		"a plan's limit that is lifted":               {plan: day, lasting: []string{"unlimited/day"}, found: true},
		"a plan's limit that is lifted for now":       {plan: day, temporary: []string{"unlimited/day"}, found: true},
		"a lasting lift beneath a limit that ends":    {plan: day, lasting: []string{"unlimited/day"}, temporary: []string{"9/day"}, found: true},
		"a lasting limit beneath a lift that ends":    {lasting: []string{"1/day"}, temporary: []string{"unlimited/day"}, found: true},
		"both limits of a plan lifted":                {plan: tokens, lasting: []string{"unlimited tokens/month", "unlimited/second"}, found: true},
		"disabled":                                    {status: ration.StatusDisabled, found: true},
		"asked for":                                   {status: ration.StatusPending, found: true},
		"a plan's limit":                              {plan: day},
		"a plan's limits on another meter and a rate": {plan: tokens},
		"one of a plan's two limits lifted":           {plan: tokens, lasting: []string{"unlimited/second"}},
		"a lift of another period than the plan's":    {plan: day, lasting: []string{"unlimited/week"}},
		"a lift of another meter than the plan's":     {plan: day, temporary: []string{"unlimited tokens/day"}},
		"a lasting limit":                             {lasting: []string{"1/day"}},
		"a limit of 0":                                {lasting: []string{"0/day"}},
		"a lasting rate beside a limit that ends":     {lasting: []string{"1/second"}, temporary: []string{"1/day"}},
		"a lasting limit in the place of the plan's":  {plan: day, lasting: []string{"1/day"}},
		"a plan's limit lifted beside one of its own": {plan: day, lasting: []string{"unlimited/day", "9 tokens/hour"}},
		"revoked":  {status: ration.StatusRevoked},
		"rejected": {status: ration.StatusRejected},
	} {
		id := f.keyWith(func(change *admin.KeyChange) {
			change.Key.Name, change.Key.Plan = name, row.plan
			change.Key.Status = cmp.Or(row.status, ration.StatusActive)
			change.Key.Overrides = layers(f, row.lasting, row.temporary, f.now.Add(time.Hour))
		})
		if found := slices.Contains(f.candidates(admin.KeyFilter{Name: name}, 10), id); found != row.found {
			f.Errorf("%s: found %v, want %v", name, found, row.found)
		}
	}
}

func testUnlimitedPages(f *fixture) {
	plan, none := f.plan("5/day").Name, f.plan().Name
	owner := uniqueName()
	var want []ration.KeyID
	for i := range 11 {
		id := f.keyWith(func(change *admin.KeyChange) {
			change.Key.ID, change.Key.Owner, change.Key.Plan = ration.KeyID(uuid.New()), owner, none
			if i%3 != 0 {
				change.Key.Plan = plan
			}
		})
		if i%3 == 0 {
			want = append(want, id)
		}
	}
	want = inOrder(f, want)
	for _, look := range []int{1, 2, 10, 11, 12, 500} {
		f.want("keys without a limit", want, f.candidates(admin.KeyFilter{Owner: owner}, look))
	}
	f.want("keys after one", want[2:], f.candidates(admin.KeyFilter{Owner: owner, After: admin.KeyPosition{ID: want[1]}}, 3))
	f.want("keys of a plan", want, f.candidates(admin.KeyFilter{Owner: owner, Plan: none, Status: ration.StatusActive}, 3))
	f.want("keys of another plan", []ration.KeyID(nil), f.candidates(admin.KeyFilter{Owner: owner, Plan: plan}, 3))
}

// testUnlimitedByRule draws keys, and looks for those without a limit in both ways:
// with the store's help, and by judging each key.
func testUnlimitedByRule(f *fixture) {
	const keys = 150
	plans := []string{"", f.plan().Name, f.plan("5/day").Name, f.plan("5/day", "3/second").Name, f.plan("5 tokens/day").Name}
	owner := uniqueName()
	for range keys {
		f.keyWith(func(change *admin.KeyChange) {
			key := &change.Key
			key.Owner, key.Plan, key.Unlimited = owner, plans[rand.IntN(len(plans))], rand.IntN(4) == 0
			if rand.IntN(3) == 0 {
				key.ExpiresAt = f.now.Add(time.Duration(rand.IntN(4)) * time.Hour)
			}
			for _, place := range []string{"/day", "/second", " tokens/day"} {
				key.Overrides = append(key.Overrides, drawLayers(f, place)...)
			}
		})
	}
	service := admin.New(f.Store, admin.Config{})
	for range 4 {
		all, err := service.ListKeys(f.Context(), admin.KeyFilter{Owner: owner})
		if err != nil {
			f.Fatal(err)
		}
		want := slices.DeleteFunc(all.Keys, func(key admin.KeyRecord) bool { return key.NoLimit == nil })
		got, err := service.ListKeys(f.Context(), admin.KeyFilter{Owner: owner, Unlimited: admin.UnlimitedAny})
		if err != nil {
			f.Fatal(err)
		}
		f.want("keys without a limit", want, got.Keys)
		if len(want) == 0 || len(want) == keys {
			f.Errorf("%d of %d keys have no limit: the draw proves nothing", len(want), keys)
		}
		f.advance(time.Hour)
	}
}

// drawLayers draws a lasting and a temporary override of one place, either or none.
func drawLayers(f *fixture, place string) []ration.Override {
	draw := func() []string {
		return [][]string{nil, nil, nil, nil, {"1" + place}, {"unlimited" + place}}[rand.IntN(6)]
	}
	return layers(f, draw(), draw(), f.now.Add(time.Duration(1+rand.IntN(3))*time.Hour))
}

func testKeysByID(f *fixture) {
	ids := f.manyKeys(5, f.plan("5/day").Name)
	f.override(ids[3], layers(f, []string{"7/day"}, []string{"9/day"}, f.now.Add(time.Hour))...)
	var want []admin.KeyRecord
	for _, id := range inOrder(f, ids) {
		want = append(want, f.stored(id))
	}
	got, err := f.Store.KeysByID(f.Context(), append(shuffled(ids), ids...))
	f.wantError(err, nil)
	f.want("keys", want, got)
	got, err = f.Store.KeysByID(f.Context(), nil)
	if err != nil || len(got) != 0 {
		f.Errorf("no keys: %v, %v", got, err)
	}
	_, err = f.Store.KeysByID(f.Context(), append(ids, ration.NewKeyID()))
	f.wantError(err, ration.ErrNotFound)
	names, err := f.Store.NamesOfKeys(f.Context(), []ration.KeyID{ids[2], ration.NewKeyID(), ids[0], ids[2]})
	f.wantError(err, nil)
	f.want("names", map[ration.KeyID]string{ids[0]: f.stored(ids[0]).Name, ids[2]: f.stored(ids[2]).Name}, names)
	names, err = f.Store.NamesOfKeys(f.Context(), nil)
	if err != nil || len(names) != 0 {
		f.Errorf("names of no keys: %v, %v", names, err)
	}
	many := make([]ration.KeyID, admin.MaxKeysAtOnce+1)
	for i := range many {
		many[i] = ration.NewKeyID()
	}
	_, err = f.Store.KeysByID(f.Context(), many)
	_, namesErr := f.Store.NamesOfKeys(f.Context(), many)
	for _, err := range []error{err, namesErr} {
		if _, ok := errors.AsType[*ration.InvalidError](err); !ok {
			f.Errorf("error %v, want that they are too many", err)
		}
	}
}
