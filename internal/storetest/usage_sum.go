package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// usedOverMonths has three keys of two owners charged in two months, one of which is
// revoked by then.
type usedOverMonths struct {
	plan, owner, other string
	ids                []ration.KeyID
	first              ration.PeriodID // day of the first charges; the others are 31 days later
}

func (f *fixture) useOverMonths() usedOverMonths {
	u := usedOverMonths{plan: f.plan("1000/day", "4 tokens/day").Name, owner: uniqueName(), other: uniqueName(), first: ration.DateID(2026, 7, 15)}
	for _, owner := range []string{u.owner, u.owner, u.other} {
		u.ids = append(u.ids, f.keyWith(func(change *admin.KeyChange) { change.Key.Owner, change.Key.Plan = owner, u.plan }))
	}
	f.batch(chargeOf(u.ids[0], requests(1), units("tokens", 4)), chargeOf(u.ids[1], requests(10)), chargeOf(u.ids[2], requests(100)))
	f.batch(chargeOf(u.ids[0], requests(1), units("tokens", 1)))
	f.advance(31 * 24 * time.Hour)
	f.batch(chargeOf(u.ids[0], requests(2)), chargeOf(u.ids[1], requests(20), units("tokens", 3)))
	f.updateKey(u.ids[1], func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	return u
}

func testSumUsage(f *fixture) {
	u := f.useOverMonths()
	then, now := noon, noon.Add(31*24*time.Hour)
	july, august := ration.DateID(2026, 7, 1), ration.DateID(2026, 8, 1)
	sum := func(meter string, used, denied int64, last time.Time, group admin.UsageSum) admin.UsageSum {
		group.Meter, group.Used, group.Denied, group.LastRequestAt = meter, used, denied, last
		return group
	}
	none := admin.UsageSum{}
	key := func(i int) admin.UsageSum { return admin.UsageSum{KeyID: u.ids[i], KeyName: "test", Owner: u.owner} }
	totals := []admin.UsageSum{sum("requests", 33, 1, now, none), sum("tokens", 7, 1, now, none)}
	for _, filter := range []admin.UsageFilter{
		{Owners: []string{u.owner, uniqueName()}},
		{Owner: u.owner, Owners: []string{u.owner}, Plans: []string{u.plan, uniqueName()}},
	} {
		got, err := f.Store.SumUsage(f.Context(), admin.UsageQuestion{UsageFilter: filter}, admin.KeyRange{})
		f.wantError(err, nil)
		f.want("usage of some owners", admin.UsageReport{Sums: totals, Totals: totals}, got)
	}
	for _, row := range []struct {
		by   []admin.UsageGroup
		want []admin.UsageSum
	}{
		{nil, totals},
		{[]admin.UsageGroup{admin.ByMeter}, totals},
		{[]admin.UsageGroup{admin.ByOwner}, []admin.UsageSum{
			sum("requests", 33, 1, now, admin.UsageSum{Owner: u.owner}), sum("tokens", 7, 1, now, admin.UsageSum{Owner: u.owner}),
		}},
		{[]admin.UsageGroup{admin.ByKey}, []admin.UsageSum{
			sum("requests", 30, 0, now, key(1)), sum("requests", 3, 1, now, key(0)),
			sum("tokens", 4, 1, then, key(0)), sum("tokens", 3, 0, now, key(1)),
		}},
		{[]admin.UsageGroup{admin.ByMonth}, []admin.UsageSum{
			sum("requests", 11, 1, then, admin.UsageSum{Date: july}), sum("tokens", 4, 1, then, admin.UsageSum{Date: july}),
			sum("requests", 22, 0, now, admin.UsageSum{Date: august}), sum("tokens", 3, 0, now, admin.UsageSum{Date: august}),
		}},
		{[]admin.UsageGroup{admin.ByPlan, admin.ByDay}, []admin.UsageSum{
			sum("requests", 11, 1, then, admin.UsageSum{Plan: u.plan, Date: u.first}), sum("tokens", 4, 1, then, admin.UsageSum{Plan: u.plan, Date: u.first}),
			sum("requests", 22, 0, now, admin.UsageSum{Plan: u.plan, Date: u.first + 31}), sum("tokens", 3, 0, now, admin.UsageSum{Plan: u.plan, Date: u.first + 31}),
		}},
	} {
		got, err := f.Store.SumUsage(f.Context(), admin.UsageQuestion{UsageFilter: admin.UsageFilter{Owner: u.owner}, By: row.by}, admin.KeyRange{})
		if err != nil {
			f.Fatalf("by %q: %v", row.by, err)
		}
		f.want("usage", admin.UsageReport{Sums: row.want, Totals: totals}, got)
	}
}

func testSumUsageLimit(f *fixture) {
	u := f.useOverMonths()
	question := admin.UsageQuestion{UsageFilter: admin.UsageFilter{Owner: u.owner, From: u.first + 1, Limit: 1}, By: []admin.UsageGroup{admin.ByKey, admin.ByOwner}}
	got, err := f.Store.SumUsage(f.Context(), question, admin.KeyRange{})
	if err != nil {
		f.Fatal(err)
	}
	if len(got.Sums) != 1 || got.Sums[0].Used != 20 || !got.More || len(got.Totals) != 2 || got.Totals[0].Used != 22 {
		f.Errorf("got %+v, want one sum of 20, more of them, and 22 in total", got)
	}
	question.Owner = uniqueName()
	nothing, err := f.Store.SumUsage(f.Context(), question, admin.KeyRange{})
	if err != nil {
		f.Fatal(err)
	}
	f.want("nobody's usage", admin.UsageReport{}, nothing)
}

// testSumUsageInParts reads a day in parts of all sizes. A key with several meters is in
// one part, with all of them.
func testSumUsageInParts(f *fixture) {
	date, plan := ration.DateID(2020, 2, 29), f.plan().Name
	meters := [][]string{{"requests", "a", "b"}, {"requests"}, {"a", "requests"}, {"b"}, {"requests", "a"}}
	var days []admin.ImportedDay
	for i, of := range meters {
		id := f.key(plan)
		for j, meter := range of {
			for around := range ration.PeriodID(3) { // the days before and after are no part of it
				days = append(days, admin.ImportedDay{KeyID: id, Meter: meter, Date: date + around - 1, Used: int64(1 + i + 10*j)})
			}
		}
	}
	if _, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: days}); err != nil {
		f.Fatal(err)
	}
	of := admin.UsageFilter{From: date, To: date}
	byKey := admin.UsageQuestion{UsageFilter: of, By: []admin.UsageGroup{admin.ByKey}}
	whole := f.sum(byKey, admin.KeyRange{})
	f.want("the day by plan", []admin.UsageSum{
		{Plan: plan, Meter: "requests", Used: 1 + 2 + 13 + 5}, {Plan: plan, Meter: "a", Used: 11 + 3 + 15}, {Plan: plan, Meter: "b", Used: 21 + 4},
	}, f.sum(admin.UsageQuestion{UsageFilter: of, By: []admin.UsageGroup{admin.ByPlan}}, admin.KeyRange{}))
	inOrder := func(sums []admin.UsageSum) []admin.UsageSum {
		return slices.SortedFunc(slices.Values(sums), func(a, b admin.UsageSum) int {
			return cmp.Or(slices.Compare(a.KeyID[:], b.KeyID[:]), cmp.Compare(a.Meter, b.Meter))
		})
	}
	for rows := 1; rows <= len(whole)+1; rows++ {
		var parts []admin.UsageSum
		for keys, more := (admin.KeyRange{}), true; more; keys.After = keys.Last {
			var err error
			if keys.Last, err = f.Store.EndOfPart(f.Context(), date, keys.After, rows); err != nil {
				f.Fatal(err)
			}
			more = !keys.Last.IsZero()
			part := f.sum(byKey, keys)
			if ofLast := countOf(part, keys.Last); more && (len(part) < rows || len(part)-ofLast >= rows) || !more && len(part) >= rows {
				f.Fatalf("a part of %d rows, of which %d are those of its last key; want %d or as many as are left, and those of its last key", len(part), ofLast, rows)
			}
			if parts = append(parts, part...); len(parts) > len(whole) {
				break
			}
		}
		f.want(fmt.Sprintf("the day in parts of %d rows", rows), inOrder(whole), inOrder(parts))
	}
}

func (f *fixture) sum(question admin.UsageQuestion, keys admin.KeyRange) []admin.UsageSum {
	f.Helper()
	report, err := f.Store.SumUsage(f.Context(), question, keys)
	f.wantError(err, nil)
	return report.Sums
}

func countOf(sums []admin.UsageSum, id ration.KeyID) (count int) {
	for _, sum := range sums {
		if sum.KeyID == id {
			count++
		}
	}
	return count
}
