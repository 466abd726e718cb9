package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var previewTests = []contractTest{
	{"a limit that is changed would have refused what was beyond it", testPreviewDays},
	{"a period counts from its beginning, and only what is asked for is told", testPreviewBeginnings},
	{"what several limits would refuse counts once", testPreviewTogether},
	{"a lifetime counts all that was ever used", testPreviewLifetime},
	{"hours are judged by hours, and days that begin within them", testPreviewHours},
	{"what is not in the history is said not to be known", testPreviewUnknown},
	{"keys that can't be used, and limits of their own, don't count", testPreviewLeavesOut},
	{"keys can be judged as if they had another plan", testPreviewOfKeys},
	{"a preview changes nothing, and refuses what a change would", testPreviewRefuses},
	{"keys that would have been refused most come first", testPreviewOrder},
	{"a preview is what one charge after the other would have been refused", testPreviewAgain},
}

// preview asks what a plan would have refused with limits as people write them in place of
// those for the same meters and periods.
func (f *fixture) preview(ask admin.PlanPreview, limits ...string) admin.PlanPreviewed {
	f.Helper()
	ask.Patch.SetLimits = parseLimits(f, limits...)
	found, err := f.doctor().PreviewPlan(f.Context(), ask)
	if err != nil {
		f.Fatalf("previewing %s: %v", ask.Patch.Name, err)
	}
	return found
}

// ofPlan asks about a plan.
func ofPlan(name string) admin.PlanPreview {
	return admin.PlanPreview{Patch: admin.PlanPatch{Name: name}}
}

// previewed shortens what one limit would have refused.
type previewed struct {
	Limit                   string
	Keys, Periods           int
	Refused                 int64
	Changed                 bool
	Overridden, UnknownKeys int
	Unknown                 bool
}

func (f *fixture) wantPreviewed(found admin.PlanPreviewed, want ...previewed) {
	f.Helper()
	got := make([]previewed, len(found.Limits))
	for i, l := range found.Limits {
		got[i] = previewed{l.Limit.String(), l.Keys, l.Periods, l.Refused, l.Changed, l.Overridden, l.UnknownKeys, l.Unknown != ""}
	}
	f.want("limits", want, got)
}

func testPreviewDays(f *fixture) {
	plan := f.plan("50/day", "9/hour")
	id := f.key(plan.Name)
	f.key(plan.Name)
	f.importDays(3, 35, counted(id, today-30, 9), counted(id, today-2, 12), counted(id, today-1, 14))
	f.batch(repeat(6, chargeOf(id))...)
	f.batch(repeat(2, chargeOf(id, requests(60)))...) // too many for its plan
	found := f.preview(ofPlan(plan.Name), "5/day")
	day := found.Limits[1].Limit
	f.wantPreviewed(found, previewed{Limit: "9/hour", Keys: 1, Periods: 2, Refused: 8}, previewed{Limit: "5/day", Keys: 1, Periods: 3, Refused: 17, Changed: true})
	meter := admin.PreviewedMeter{Meter: ration.MeterRequests, Used: 32, Refused: 17, Denied: 2}
	f.want("meters", []admin.PreviewedMeter{meter}, found.Meters)
	f.want("keys", []int{2, 1}, []int{found.Keys, found.Refused})
	f.want("days", []ration.PeriodID{today - 29, today}, []ration.PeriodID{found.From, found.To})
	f.want("the plan", "9/hour, 5/day", limitTexts(found.Plan.Limits))
	worst := found.Worst[0]
	worst.Limits = worst.Limits[1:]
	f.want("the key", admin.PreviewedKey{KeyID: id, KeyName: "test", Plan: plan.Name, Meters: []admin.PreviewedMeter{meter}, Limits: []admin.PreviewedKeyLimit{{
		Limit: day, Count: 3, Refused: 17, Periods: []admin.PreviewedPeriod{over(today-2, 12, 7), over(today-1, 14, 9), over(today, 6, 1)},
	}}}, worst)
	f.wantPreviewed(f.preview(ofPlan(plan.Name), "500/day", "900/hour"), previewed{Limit: "900/hour", Changed: true}, previewed{Limit: "500/day", Changed: true})
}

func over(period ration.PeriodID, used, refused int64) admin.PreviewedPeriod {
	return admin.PreviewedPeriod{Period: period, Used: used, Refused: refused}
}

func limitTexts(limits []ration.Limit) string {
	texts := make([]string, len(limits))
	for i := range limits {
		texts[i] = limits[i].String()
	}
	return strings.Join(texts, ", ")
}

func testPreviewBeginnings(f *fixture) {
	plan := f.plan()
	id := f.key(plan.Name)
	first := ration.DateID(2026, 7, 1)
	f.importDays(5, 111, counted(id, first-1, 40), counted(id, first, 40), counted(id, first+4, 10), counted(id, first+5, 20), counted(id, today, 1))
	f.want("today", today, first+14)
	from := ofPlan(plan.Name)
	from.From = first + 5 // a Monday
	found := f.preview(from, "45/month", "15/week", "1/day")
	f.wantPreviewed(found, previewed{Limit: "1/day", Keys: 1, Periods: 1, Refused: 19, Changed: true}, previewed{Limit: "15/week", Keys: 1, Periods: 1, Refused: 5, Changed: true}, previewed{Limit: "45/month", Keys: 1, Periods: 1, Refused: 21, Changed: true})
	f.want("the month", []admin.PreviewedPeriod{over(first, 71, 21)}, found.Worst[0].Limits[2].Periods)
	from.To = first + 6
	f.wantPreviewed(f.preview(from, "45/month"), previewed{Limit: "45/month", Keys: 1, Periods: 1, Refused: 20, Changed: true})
	f.wantPreviewed(f.preview(from, "75/month from day 28", "60/week from wednesday"),
		previewed{Limit: "60/week from wednesday", Keys: 1, Periods: 1, Refused: 10, Changed: true}, previewed{Limit: "75/month from day 28", Keys: 1, Periods: 1, Refused: 20, Changed: true})
}

func testPreviewTogether(f *fixture) {
	plan := f.plan()
	id := f.key(plan.Name)
	monday := today - 2
	f.importDays(3, 30, counted(id, monday, 12), counted(id, monday+1, 12), counted(id, today, 6))
	found := f.preview(ofPlan(plan.Name), "10/day", "23/week")
	f.wantPreviewed(found, previewed{Limit: "10/day", Keys: 1, Periods: 2, Refused: 4, Changed: true}, previewed{Limit: "23/week", Keys: 1, Periods: 1, Refused: 7, Changed: true})
	f.want("together", []admin.PreviewedMeter{{Meter: ration.MeterRequests, Used: 30, Refused: 7}}, found.Meters) // 4 by days, and of the 26 that remain 3 by the week
}

func testPreviewLifetime(f *fixture) {
	plan := f.plan()
	id := f.key(plan.Name)
	f.importDays(3, 60, counted(id, today-200, 30), counted(id, today-3, 20), counted(id, today, 10))
	ask := ofPlan(plan.Name)
	found := f.preview(ask, "40/lifetime")
	f.wantPreviewed(found, previewed{Limit: "40/lifetime", Keys: 1, Periods: 1, Refused: 20, Changed: true})
	f.want("the lifetime", []admin.PreviewedPeriod{over(0, 60, 20)}, found.Worst[0].Limits[0].Periods)
	ask.To = today - 1
	f.wantPreviewed(f.preview(ask, "40/lifetime"), previewed{Limit: "40/lifetime", Keys: 1, Periods: 1, Refused: 10, Changed: true})
	f.wantPreviewed(f.preview(ask, "20/lifetime"), previewed{Limit: "20/lifetime", Keys: 1, Periods: 1, Refused: 20, Changed: true})
}

func testPreviewHours(f *fixture) {
	plan := f.planIn("Europe/Berlin")
	ids := []ration.KeyID{f.key(plan.Name), f.keyWith(func(change *admin.KeyChange) {
		change.Key.Plan, change.Key.TimeZone = plan.Name, "Asia/Kolkata"
	})}
	f.setNow(time.Date(2026, 7, 14, 2, 30, 0, 0, time.UTC)) // 04:30 in Berlin
	for range 6 {
		f.batch(chargeOf(ids[0], requests(5)), chargeOf(ids[1], requests(1)))
		f.advance(time.Hour)
	}
	found := f.preview(ofPlan(plan.Name), "3/hour", "15/day from 06:00")
	f.wantPreviewed(found, previewed{Limit: "3/hour", Keys: 1, Periods: 6, Refused: 12, Changed: true},
		previewed{Limit: "15/day from 06:00", Keys: 1, Periods: 1, Refused: 5, Changed: true, UnknownKeys: 1})
	hour := ration.HourID(time.Date(2026, 7, 14, 2, 0, 0, 0, time.UTC))
	f.want("the first hour", admin.PreviewedPeriod{Period: hour, Used: 5, Refused: 2}, found.Worst[0].Limits[0].Periods[0])
	f.want("the day from 06:00", []admin.PreviewedPeriod{over(today-1, 20, 5)}, found.Worst[0].Limits[1].Periods)
}

func testPreviewUnknown(f *fixture) {
	plan := f.plan()
	f.charge(chargeOf(f.key(plan.Name)))
	f.wantPreviewed(f.preview(ofPlan(plan.Name), "1/second", "1 at once", "0/day"),
		previewed{Limit: "1 at once", Unknown: true, Changed: true}, previewed{Limit: "1/second", Unknown: true, Changed: true}, previewed{Limit: "0/day", Keys: 1, Periods: 1, Refused: 1, Changed: true})
}

func testPreviewLeavesOut(f *fixture) {
	plan := f.plan("5/day")
	used := func(configure func(*ration.Key)) ration.KeyID {
		id := f.keyWith(func(change *admin.KeyChange) { change.Key.Plan = plan.Name })
		f.charge(chargeOf(id))
		f.charge(chargeOf(id))
		f.updateKey(id, func(change *admin.KeyChange) { configure(&change.Key.Key) })
		return id
	}
	used(func(k *ration.Key) { k.Status = ration.StatusRevoked })
	used(func(k *ration.Key) { k.ExpiresAt = f.now })
	disabled := used(func(k *ration.Key) { k.Status = ration.StatusDisabled })
	own := used(func(*ration.Key) {})
	f.updateKey(own, func(change *admin.KeyChange) { change.Key.Overrides = []ration.Override{override(f, "9/day")} })
	ended := used(func(*ration.Key) {})
	f.updateKey(ended, func(change *admin.KeyChange) {
		temporary := override(f, "9/day")
		temporary.ExpiresAt = f.now
		change.Key.Overrides = []ration.Override{temporary}
	})
	f.charge(chargeOf(f.key(f.plan().Name)))
	found := f.preview(ofPlan(plan.Name), "1/day", "1/month")
	f.wantPreviewed(found, previewed{Limit: "1/day", Keys: 2, Periods: 2, Refused: 2, Changed: true, Overridden: 1}, previewed{Limit: "1/month", Keys: 3, Periods: 3, Refused: 3, Changed: true})
	f.want("keys", []int{3, 3}, []int{found.Keys, found.Refused})
	if len(found.Worst) != 3 || found.Worst[0].KeyID != disabled {
		f.Errorf("worst: %+v, want the disabled key first", found.Worst)
	}
}

func testPreviewOfKeys(f *fixture) {
	from, to := f.plan("50/day"), f.plan("2/day")
	id, other := f.key(from.Name), f.key(to.Name)
	f.batch(repeat(5, chargeOf(id))...)
	f.batch(repeat(2, chargeOf(other))...)
	ask := ofPlan(to.Name)
	ask.Keys = &admin.KeyFilter{Plan: from.Name}
	found := f.preview(ask)
	f.wantPreviewed(found, previewed{Limit: "2/day", Keys: 1, Periods: 1, Refused: 3})
	f.want("keys", []int{1, 1}, []int{found.Keys, found.Refused})
	f.want("the plan that it has", from.Name, found.Worst[0].Plan)
	ask.Keys.Owner = uniqueName()
	f.want("keys of nobody", 0, f.preview(ask).Keys)
}

func testPreviewRefuses(f *fixture) {
	plan := f.plan("50/day")
	f.charge(chargeOf(f.key(plan.Name)))
	entries := len(f.audit(admin.AuditFilter{Target: "plan:" + plan.Name}))
	f.preview(ofPlan(plan.Name), "0/day")
	if after, err := f.Store.Plan(f.Context(), plan.Name); err != nil || !after.UpdatedAt.Equal(plan.UpdatedAt) || len(f.audit(admin.AuditFilter{Target: "plan:" + plan.Name})) != entries {
		f.Errorf("the plan is %+v, %v", after, err)
	}
	for field, ask := range map[string]admin.PlanPreview{
		"plan":          ofPlan("a b"),
		"remove_limits": {Patch: admin.PlanPatch{Name: plan.Name, RemoveLimits: []ration.LimitKey{{Meter: "tokens", Kind: ration.KindQuota, Period: ration.PeriodDay}}}},
		"time_zone":     {Patch: admin.PlanPatch{Name: plan.Name, TimeZone: new("Mars")}},
		"search":        {Patch: admin.PlanPatch{Name: plan.Name}, Keys: &admin.KeyFilter{Search: "a"}},
		"from":          {Patch: admin.PlanPatch{Name: plan.Name}, From: today - 400},
		"to":            {Patch: admin.PlanPatch{Name: plan.Name}, From: today, To: today - 1},
		"limit":         {Patch: admin.PlanPatch{Name: plan.Name}, Limit: 1001},
	} {
		var invalid *ration.InvalidError
		if _, err := f.doctor().PreviewPlan(f.Context(), ask); !errors.As(err, &invalid) || invalid.Field != field {
			f.Errorf("%s: %v", field, err)
		}
	}
	changed := ofPlan(plan.Name)
	changed.Patch.IfUpdatedAt = plan.UpdatedAt.Add(-time.Second)
	if _, err := f.doctor().PreviewPlan(f.Context(), changed); !errors.Is(err, ration.ErrChanged) {
		f.Errorf("a plan that was changed: %v", err)
	}
	if _, err := f.doctor().PreviewPlan(f.Context(), ofPlan(uniqueName())); !errors.Is(err, ration.ErrNotFound) {
		f.Errorf("an unknown plan: %v", err)
	}
}

func testPreviewOrder(f *fixture) {
	plan := f.plan()
	var ids []ration.KeyID
	for i := range int64(4) {
		id := f.key(plan.Name)
		ids = append(ids, id)
		f.charge(chargeOf(id, requests(1+i%3), units("tokens", 9-i)))
	}
	ask := ofPlan(plan.Name)
	ask.Limit = 3
	found := f.preview(ask, "1/day", "1 tokens/day")
	got := make([]ration.KeyID, len(found.Worst))
	for i := range found.Worst {
		got[i] = found.Worst[i].KeyID
	}
	f.want("the worst keys", []ration.KeyID{ids[2], ids[1], ids[0]}, got)
	f.want("keys", []int{4, 4}, []int{found.Keys, found.Refused})
}

// testPreviewAgain draws plans and usage, and compares with a count of one unit after the
// other, which knows calendars in a way of its own.
func testPreviewAgain(f *fixture) {
	draw := rand.New(rand.NewPCG(1, 2))
	periods := []string{"day", "week", "month", "week from thursday", "month from day 15", "lifetime"}
	for range 12 {
		plan := f.planIn([]string{"", "Pacific/Kiritimati", "America/St_Johns"}[draw.IntN(3)])
		var limits []string
		for _, period := range periods {
			if draw.IntN(2) == 0 {
				limits = append(limits, strconv.Itoa(draw.IntN(60))+"/"+period)
			}
		}
		ask := ofPlan(plan.Name)
		ask.From, ask.To = today-ration.PeriodID(draw.IntN(40)), today-ration.PeriodID(draw.IntN(3))
		ask.From = min(ask.From, ask.To)
		var want naiveSums
		for range 1 + draw.IntN(4) {
			id := f.keyWith(func(change *admin.KeyChange) {
				change.Key.Plan, change.Key.TimeZone = plan.Name, []string{"", "Asia/Kolkata", "America/Los_Angeles"}[draw.IntN(3)]
			})
			used := make(map[ration.PeriodID]int64)
			var days []admin.ImportedDay
			sum := int64(0)
			for range draw.IntN(50) {
				date, units := today-1-ration.PeriodID(draw.IntN(90)), 1+int64(draw.IntN(20))
				if used[date] == 0 {
					used[date] = units
					sum += units
					days = append(days, counted(id, date, units))
				}
			}
			f.importDays(len(days), sum, days...)
			want.add(limits, used, ask.From, ask.To)
		}
		found := f.preview(ask, limits...)
		f.want("limits", len(limits), len(found.Limits))
		for _, limit := range found.Limits {
			i := slices.Index(limits, limit.Limit.String())
			f.want(limit.Limit.String(), want.alone[i], limit.Refused)
		}
		f.want(strings.Join(limits, ", ")+" together", want.together, found.Meters[0].Refused)
		f.want("used", want.used, found.Meters[0].Used)
	}
}

// naiveSums are what would have been refused of several keys.
type naiveSums struct {
	alone          []int64 // by limit
	together, used int64
}

func (n *naiveSums) add(limits []string, used map[ration.PeriodID]int64, from, to ration.PeriodID) {
	if n.alone == nil {
		n.alone = make([]int64, len(limits))
	}
	for i := range limits {
		n.alone[i] += refusedOneByOne(limits[i:i+1], used, from, to)
	}
	n.together += refusedOneByOne(limits, used, from, to)
	for date, units := range used {
		if date >= from && date <= to {
			n.used += units
		}
	}
}

// refusedOneByOne charges one unit after the other, from the first day to the last. The
// limits hold since from.
func refusedOneByOne(limits []string, used map[ration.PeriodID]int64, from, to ration.PeriodID) (refused int64) {
	counts := make(map[string]int)
	for date := today - 100; date <= to; date++ {
		for range used[date] {
			admitted := true
			for _, limit := range limits {
				size, err := strconv.Atoi(strings.Split(limit, "/")[0])
				admitted = admitted && err == nil && (date < from || counts[limit+naivePeriod(limit, date)] < size)
			}
			for _, limit := range limits {
				if admitted {
					counts[limit+naivePeriod(limit, date)]++
				}
			}
			if !admitted {
				refused++
			}
		}
	}
	return refused
}

// naivePeriod names the period of a limit that holds a date.
func naivePeriod(limit string, date ration.PeriodID) string {
	day := time.Unix(int64(date)*86400, 0).UTC()
	_, period, _ := strings.Cut(limit, "/")
	begins := func(time.Time) bool { return true }
	switch period {
	case "week":
		begins = func(t time.Time) bool { return t.Weekday() == time.Monday }
	case "week from thursday":
		begins = func(t time.Time) bool { return t.Weekday() == time.Thursday }
	case "month":
		begins = func(t time.Time) bool { return t.Day() == 1 }
	case "month from day 15":
		begins = func(t time.Time) bool { return t.Day() == 15 }
	case "lifetime":
		return ""
	}
	for !begins(day) {
		day = day.AddDate(0, 0, -1)
	}
	return day.String()
}
