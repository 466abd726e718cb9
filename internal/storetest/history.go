package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

var historyTests = []contractTest{
	{"the running day is the same in usage and in history", testRunningDay},
	{"a denial on a new day is in that day's history", testDenialOnNewDay},
	{"a refused key is counted on the meters it asked for", testRefusedKeyCounted},
	{"history is selected by key, owner, meter and date", testHistoryFilter},
	{"usage of an unknown key is not found", testUsageOfUnknownKey},
	{"a key that was never used has used nothing", testNeverUsed},
	{"the usage of many keys is that of each", testUsageOfKeys},
	{"usage is added up by groups", testSumUsage},
	{"sums beyond the limit are in the totals", testSumUsageLimit},
	{"the sums of the parts of a day are those of the day", testSumUsageInParts},
	{"no period begins while the clocks disagree", testClockSuspect},
}

func testRunningDay(f *fixture) {
	id := f.key(f.plan("30/day", "100 tokens/day").Name)
	for range 4 {
		f.batch(chargeOf(id, requests(7), units("tokens", 30)), chargeOf(id, requests(1), units("tokens", 31)))
		f.advance(5 * time.Hour)
	}
	days := map[string]admin.UsageDay{} // the last of each meter
	for _, day := range f.days(id) {
		days[day.Meter] = day
	}
	for _, entry := range f.usage(id) {
		window, day := entry.Windows[1], days[entry.Meter]
		if window.ID != day.Date || window.Used != day.Used || !day.LastRequestAt.Equal(entry.LastRequestAt) {
			f.Errorf("%s: the running day is %+v, its history %+v", entry.Meter, window, day)
		}
	}
}

func testDenialOnNewDay(f *fixture) {
	id := f.key(f.plan("1/lifetime").Name)
	f.allow(id, requests(1), 0)
	f.advance(24 * time.Hour)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 0)
	f.want("history", []admin.UsageDay{
		{KeyID: id, KeyName: "test", Meter: ration.MeterRequests, Date: ration.DateID(2026, 7, 15), Used: 1, LastRequestAt: noon},
		{KeyID: id, KeyName: "test", Meter: ration.MeterRequests, Date: ration.DateID(2026, 7, 16), Denied: 1},
	}, f.days(id))
	entry := f.meter(id, ration.MeterRequests)
	if entry.Denied != 1 || !entry.LastRequestAt.Equal(noon) || entry.Windows[1].ID != ration.DateID(2026, 7, 15) {
		f.Errorf("usage %+v, want one denial and nothing else since yesterday", entry)
	}
}

func testRefusedKeyCounted(f *fixture) {
	id := f.keyWith(func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
	f.wantCode(f.charge(chargeOf(id, requests(1), units("tokens", 5))), ration.CodeKeyDisabled)
	charge := chargeOf(id)
	charge.DryRun = true
	f.wantCode(f.charge(charge), ration.CodeKeyDisabled)
	for _, meter := range []string{ration.MeterRequests, "tokens"} {
		entry := f.meter(id, meter)
		if entry.Used != 0 || entry.Denied != 1 || !entry.FirstRequestAt.IsZero() || !entry.LastRequestAt.IsZero() {
			f.Errorf("%s: %+v, want one denial and nothing else", meter, entry)
		}
	}
}

func testUsageOfKeys(f *fixture) {
	ids := []ration.KeyID{f.key(f.plan("30/day").Name), f.key(""), ration.NewKeyID()}
	f.batch(chargeOf(ids[0], requests(7), units("tokens", 30)), chargeOf(ids[1], requests(2)))
	got, now, err := f.Store.UsageOfKeys(f.Context(), ids)
	if err != nil || !now.Equal(f.now) {
		f.Fatalf("the usage of keys at %s: %v; want it at %s", now, err, f.now)
	}
	byMeter := cmpopts.SortSlices(func(a, b ledger.MeterUsage) bool { return a.Meter < b.Meter })
	f.want("usage", map[ration.KeyID]ledger.Usage{ids[0]: f.usage(ids[0]), ids[1]: f.usage(ids[1])}, got, byMeter)
	if used := got[ids[0]].Meter(ration.MeterRequests).Windows[1].Used; used != 7 {
		f.Errorf("%d requests today, want 7", used)
	}
}

func testHistoryFilter(f *fixture) {
	owner := uniqueName()
	var ids []ration.KeyID
	for range 2 {
		ids = append(ids, f.keyWith(func(change *admin.KeyChange) { change.Key.Owner = owner }))
	}
	for range 3 {
		f.batch(chargeOf(ids[0], requests(1), units("tokens", 5)), chargeOf(ids[1], requests(1), units("tokens", 5)))
		f.advance(24 * time.Hour)
	}
	periodID := ration.DateID(2026, 7, 15)
	row := func(key int, meter string, day ration.PeriodID) admin.UsageDay {
		used := map[string]int64{ration.MeterRequests: 1, "tokens": 5}[meter]
		return admin.UsageDay{
			KeyID: ids[key], KeyName: "test", Owner: owner, Meter: meter, Date: periodID + day,
			Used: used, LastRequestAt: noon.Add(time.Duration(day) * 24 * time.Hour),
		}
	}
	var all []admin.UsageDay
	for day := range ration.PeriodID(3) {
		for key := range ids {
			all = append(all, row(key, ration.MeterRequests, day), row(key, "tokens", day))
		}
	}
	for _, test := range []struct {
		name   string
		filter admin.UsageFilter
		want   []admin.UsageDay
	}{
		{"owner", admin.UsageFilter{Owner: owner}, all},
		{"key and meter", admin.UsageFilter{KeyID: ids[1], Meter: "tokens"}, []admin.UsageDay{row(1, "tokens", 0), row(1, "tokens", 1), row(1, "tokens", 2)}},
		{"from", admin.UsageFilter{Owner: owner, From: periodID + 2}, all[8:]},
		{"keys", admin.UsageFilter{KeyIDs: ids}, all},
		{"keys, one of which nobody has, and a meter", admin.UsageFilter{KeyIDs: []ration.KeyID{ration.NewKeyID(), ids[1]}, Meter: "tokens"}, []admin.UsageDay{row(1, "tokens", 0), row(1, "tokens", 1), row(1, "tokens", 2)}},
		{"keys, days and a limit", admin.UsageFilter{KeyIDs: ids, From: periodID + 1, To: periodID + 2, Limit: 5}, all[4:9]},
		{"keys after a row", admin.UsageFilter{KeyIDs: ids, After: all[4].Position()}, all[5:]},
		{"keys, the newest first after a row", admin.UsageFilter{KeyIDs: ids, NewestFirst: true, After: all[2].Position()}, []admin.UsageDay{all[1], all[0]}},
		{"keys of another owner", admin.UsageFilter{KeyIDs: ids, Owners: []string{uniqueName()}}, nil},
		{"to", admin.UsageFilter{Owner: owner, To: periodID}, all[:4]},
		{"from and to", admin.UsageFilter{Owner: owner, From: periodID + 1, To: periodID + 1}, all[4:8]},
		{"limit", admin.UsageFilter{Owner: owner, Limit: 3}, all[:3]},
		{"nobody's", admin.UsageFilter{Owner: uniqueName()}, nil},
		{"one of some owners", admin.UsageFilter{Owners: []string{uniqueName(), owner}}, all},
		{"one of no owners", admin.UsageFilter{Owner: owner, Owners: []string{}}, nil},
		{"one of some plans", admin.UsageFilter{Owner: owner, Plans: []string{uniqueName()}}, nil},
		{"key of another owner", admin.UsageFilter{Owner: uniqueName(), KeyID: ids[0]}, nil},
	} {
		got, err := f.Store.UsageDays(f.Context(), test.filter)
		if err != nil {
			f.Fatalf("%s: %v", test.name, err)
		}
		f.want("history by "+test.name, test.want, got)
	}
}

func testUsageOfUnknownKey(f *fixture) {
	_, _, err := f.Store.KeyUsage(f.Context(), ration.NewKeyID())
	f.wantError(err, ration.ErrNotFound)
}

func testNeverUsed(f *fixture) {
	id := f.key("")
	for _, entry := range f.usage(id) {
		if entry.Meter != ration.MeterRequests || entry.Used != 0 || entry.Denied != 0 || !entry.FirstRequestAt.IsZero() || !entry.LastRequestAt.IsZero() {
			f.Errorf("usage %+v, want nothing", entry)
		}
	}
	if days := f.days(id); len(days) > 0 {
		f.Errorf("history %+v, want none", days)
	}
}

// testClockSuspect lets the instance's clock run away from the database's.
// Where there is nothing to hold it against, nothing is suspect.
func testClockSuspect(f *fixture) {
	id := f.key(f.plan("9/day").Name)
	f.allow(id, requests(1), 8)
	if f.SetInstanceNow == nil {
		f.advance(time.Hour)
		f.allow(id, requests(1), 7)
		return
	}
	for _, skew := range []time.Duration{-11 * time.Minute, 11 * time.Minute} {
		f.setNow(noon.Add(time.Hour - time.Microsecond))
		f.SetInstanceNow(f.now.Add(skew))
		f.wantCode(f.charge(chargeOf(id)), ration.CodeOK)
		f.setNow(noon.Add(time.Hour))
		f.SetInstanceNow(f.now.Add(skew))
		before := f.state(id)
		f.wantCode(f.charge(chargeOf(id)), ration.CodeClockSuspect)
		f.want("state after no decision", before, f.state(id))
	}
	f.SetInstanceNow(f.now.Add(9 * time.Minute))
	f.allow(id, requests(1), 5)
}
