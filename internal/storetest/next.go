package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var nextTests = []contractTest{
	{"a plan's limit changes with each key's next period", testNextOfZones},
	{"each limit changes with its own period", testNextOfPeriods},
	{"limits without a calendar period change with the next day", testNextDay},
	{"a day that is short or long, and the end of a month", testNextCalendar},
	{"a limit is raised, lowered, new or gone from the boundary on", testNextKinds},
	{"changes of one limit follow one another", testNextChain},
	{"a key's own limit takes the place of the lasting one", testNextOverride},
	{"what starts beneath a temporary limit holds when that ends", testNextBeneath},
	{"a denial ends when a scheduled limit starts", testNextFuture},
	{"putting what has started in its place changes no decision", testNextSettled},
	{"scheduled limits come back as they were stored", testNextRoundTrip},
	{"a key has another plan from an instant on", testNextPlan},
	{"a denial knows the plan that a key will have", testNextPlanFuture},
	{"writing a plan into a key that has it changes no decision", testNextPlanGiven},
	{"the plan that a key will have comes back as it was stored", testNextPlanRoundTrip},
	{"instances together admit exactly the limits of both periods", testNextInstances},
}

// scheduled returns changes of a plan's limits that are made now.
func (f *fixture) scheduled(limits ...string) (next []ration.NextLimit) {
	f.Helper()
	for _, limit := range parseLimits(f, limits...) {
		next = append(next, ration.NextLimit{Limit: limit, Since: f.now})
	}
	return next
}

func (f *fixture) schedule(plan string, limits ...string) {
	f.Helper()
	next := f.scheduled(limits...)
	f.updatePlan(plan, func(p *ration.Plan) { p.Next = append(slices.Clone(p.Next), next...) })
}

// removed returns a change after which a limit is gone.
func (f *fixture) removed(limit string) ration.NextLimit {
	f.Helper()
	next := ration.NextLimit{Limit: parseLimits(f, limit)[0], Removed: true, Since: f.now}
	next.Quantity, next.Burst = 0, 0
	return next
}

// startingAt returns an override that starts at an instant.
func startingAt(f *fixture, at time.Time, limit string) ration.Override {
	f.Helper()
	o := override(f, limit)
	o.StartsAt = at
	return o
}

// clearing returns an override that only removes the lasting one.
func clearing(f *fixture, at time.Time, limit string) ration.Override {
	f.Helper()
	o := startingAt(f, at, limit)
	o.Quantity, o.Burst, o.Removed = 0, 0, true
	return o
}

func testNextOfZones(f *fixture) {
	plan := f.planIn("Europe/Berlin", "3/day")
	utc, berlin, kiritimati := f.keyIn("UTC", plan.Name), f.key(plan.Name), f.keyIn("Pacific/Kiritimati", plan.Name)
	f.schedule(plan.Name, "5/day")
	for _, key := range []ration.KeyID{utc, berlin, kiritimati} {
		f.allow(key, requests(1), 2)
	}
	f.setNow(noon.Add(10*time.Hour - time.Microsecond)) // midnight in Berlin
	f.allow(berlin, requests(1), 1)
	f.advance(time.Microsecond)
	f.allow(berlin, requests(1), 4)
	f.allow(kiritimati, requests(1), 1) // where midnight was two hours before noon, and is to come
	f.allow(utc, requests(1), 1)
	f.setNow(noon.Add(12 * time.Hour))
	f.allow(utc, requests(5), 0)
	f.setNow(noon.Add(22 * time.Hour))
	f.allow(kiritimati, requests(4), 1)
}

func testNextOfPeriods(f *fixture) {
	plan := f.plan("10/hour", "20/day", "30/day from 06:00", "40/week", "50/month from day 20")
	id := f.key(plan.Name)
	f.schedule(plan.Name, "11/hour", "21/day", "31/day from 06:00", "41/week", "51/month from day 20")
	f.advance(time.Hour - time.Microsecond)
	f.allow(id, requests(0), 10, 20, 30, 40, 50)
	f.advance(time.Microsecond)
	f.allow(id, requests(0), 11, 20, 30, 40, 50)
	f.setNow(noon.Add(12 * time.Hour))
	f.allow(id, requests(0), 11, 21, 30, 40, 50)
	f.setNow(noon.Add(18 * time.Hour))
	f.allow(id, requests(0), 11, 21, 31, 40, 50)
	f.setNow(time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC).Add(-time.Microsecond)) // a Sunday
	f.allow(id, requests(0), 11, 21, 31, 40, 50)
	f.advance(time.Microsecond)
	f.allow(id, requests(0), 11, 21, 31, 41, 51)
}

func testNextDay(f *fixture) {
	plan := f.plan("2/second", "3/minute", "10/lifetime", "1 at once")
	id := f.key(plan.Name)
	f.allow(id, requests(2), 1, 0, 1, 8)
	f.schedule(plan.Name, "4/second", "6/minute", "20/lifetime", "2 at once")
	f.setNow(noon.Add(12*time.Hour - time.Microsecond))
	f.allow(id, requests(0), 1, 2, 3, 8)
	f.advance(time.Microsecond)
	f.allow(id, requests(0), 2, 4, 6, 18)
}

func testNextCalendar(f *fixture) {
	for _, row := range []struct {
		zone, limit, next string
		since, starts     string
	}{
		{"Europe/Berlin", "1/day", "2/day", "2026-03-28T23:30:00Z", "2026-03-29T22:00:00Z"},                   // a day of 23 hours
		{"Europe/Berlin", "1/day", "2/day", "2026-10-24T22:30:00Z", "2026-10-25T23:00:00Z"},                   // a day of 25 hours
		{"Europe/Berlin", "1/month", "2/month", "2026-10-31T22:59:59Z", "2026-10-31T23:00:00Z"},               // the month's last second
		{"America/New_York", "1/month", "2/month", "2028-02-29T12:00:00Z", "2028-03-01T05:00:00Z"},            // of a leap year
		{"Africa/Cairo", "1/day", "2/day", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"},                    // midnight does not exist
		{"UTC", "1/week", "2/week", "2026-12-31T12:00:00Z", "2027-01-04T00:00:00Z"},                           // over the year's end
		{"UTC", "1/month from day 31", "2/month from day 31", "2027-02-27T12:00:00Z", "2027-02-28T00:00:00Z"}, // a short month
	} {
		since, starts := instant(f, row.since), instant(f, row.starts)
		f.setNow(since)
		plan := f.plan(row.limit)
		id := f.keyIn(row.zone, plan.Name)
		f.schedule(plan.Name, row.next)
		f.setNow(starts.Add(-time.Microsecond))
		f.want(row.zone+" before "+row.starts, []int64{1}, remainingOf(f.charge(chargeOf(id, requests(0)))))
		f.setNow(starts)
		f.want(row.zone+" from "+row.starts, []int64{2}, remainingOf(f.charge(chargeOf(id, requests(0)))))
	}
}

func instant(f *fixture, text string) time.Time {
	f.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		f.Fatal(err)
	}
	return at
}

func testNextKinds(f *fixture) {
	const day = 12 * time.Hour
	for _, row := range []struct {
		name   string
		plan   []string
		next   []string
		used   int64
		before []int64
		after  []int64
	}{
		{"raised", []string{"3/day"}, []string{"5/day"}, 3, []int64{0}, []int64{5}},
		{"lowered below what was used", []string{"30/day"}, []string{"5/day"}, 20, []int64{10}, []int64{5}}, // no debt moves over
		{"new", nil, []string{"5/day"}, 20, nil, []int64{5}},
		{"new beside another", []string{"9/day"}, []string{"5 tokens/day", "4/hour"}, 3, []int64{6}, []int64{4, 9}},
		{"to none", []string{"3/day"}, []string{"0/day"}, 2, []int64{1}, []int64{0}},
	} {
		f.setNow(noon)
		plan := f.plan(row.plan...)
		id := f.key(plan.Name)
		f.schedule(plan.Name, row.next...)
		f.allow(id, requests(row.used), row.before...)
		f.setNow(noon.Add(day))
		f.want(row.name, row.after, remainingOf(f.charge(chargeOf(id, requests(0)))))
	}
	f.setNow(noon)
	plan := f.plan("1/day", "9/month")
	id := f.key(plan.Name)
	f.updatePlan(plan.Name, func(p *ration.Plan) { p.Next = []ration.NextLimit{f.removed("1/day")} })
	f.allow(id, requests(1), 0, 8)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, day)
	f.setNow(noon.Add(day))
	f.allow(id, requests(2), 6)
}

// testNextChain lets a change start for one key, and not for the other, before the next
// one is made.
func testNextChain(f *fixture) {
	plan := f.plan("1/day")
	utc, berlin := f.key(plan.Name), f.keyIn("Europe/Berlin", plan.Name)
	f.schedule(plan.Name, "2/day")
	f.setNow(noon.Add(11 * time.Hour))
	f.schedule(plan.Name, "3/day")
	f.allow(berlin, requests(1), 1)
	f.allow(utc, requests(1), 0)
	f.setNow(noon.Add(12 * time.Hour))
	f.allow(berlin, requests(1), 0)
	f.allow(utc, requests(1), 2)
	f.setNow(noon.Add(34 * time.Hour))
	f.allow(berlin, requests(1), 2)
	f.schedule(plan.Name, "4/day")
	f.updatePlan(plan.Name, func(p *ration.Plan) { p.Next = append(p.Next[:2:2], f.removed("1/day")) })
	f.setNow(noon.Add(60 * time.Hour))
	f.wantRemaining(f.charge(chargeOf(utc, requests(1))))
	f.wantRemaining(f.charge(chargeOf(berlin, requests(1))))
}

func testNextOverride(f *fixture) {
	midnight := noon.Add(12 * time.Hour)
	id := f.key(f.plan("2/day").Name)
	f.override(id, startingAt(f, midnight, "4/day"))
	f.allow(id, requests(1), 1)
	f.setNow(midnight)
	f.allow(id, requests(1), 3)
	f.override(id, override(f, "4/day"), startingAt(f, midnight.Add(24*time.Hour), "9/day"))
	f.allow(id, requests(1), 2)
	f.setNow(midnight.Add(24 * time.Hour))
	f.allow(id, requests(1), 8)
	f.override(id, override(f, "9/day"), clearing(f, midnight.Add(48*time.Hour), "9/day"))
	f.allow(id, requests(1), 7)
	f.setNow(midnight.Add(48 * time.Hour))
	f.allow(id, requests(1), 1)
	lift := startingAt(f, midnight.Add(72*time.Hour), "0/day")
	lift.Unlimited = true
	f.override(id, lift)
	f.allow(id, requests(1), 0)
	f.setNow(midnight.Add(72 * time.Hour))
	f.wantRemaining(f.charge(chargeOf(id, requests(9))))
}

func testNextBeneath(f *fixture) {
	midnight := noon.Add(12 * time.Hour)
	id := f.key("")
	f.override(id, override(f, "2/day"), startingAt(f, midnight, "4/day"), until(f, midnight.Add(time.Hour), "9/day")[0])
	f.allow(id, requests(1), 8)
	f.setNow(midnight)
	f.allow(id, requests(1), 8)
	f.setNow(midnight.Add(time.Hour))
	f.allow(id, requests(1), 2)
}

func testNextFuture(f *fixture) {
	const day = 12 * time.Hour
	for _, row := range []struct {
		name       string
		plan, next string
		units      int64
		code       ration.Code
		wait       time.Duration
	}{
		{"a credit that is raised", "3/lifetime", "5/lifetime", 4, ration.CodeQuotaExceeded, day},
		{"a credit that is raised too little", "3/lifetime", "5/lifetime", 6, ration.CodeCostExceedsLimit, 0},
		{"more than today allows", "3/day", "5/day", 4, ration.CodeQuotaExceeded, day},
		{"a limit that is lowered", "3/day", "2/day", 3, ration.CodeOK, 0},
		{"nothing, until tomorrow", "0/day", "5/day", 2, ration.CodeQuotaExceeded, day},
		{"a month that ends after the day", "3/month", "5/month", 4, ration.CodeQuotaExceeded, 16*24*time.Hour + day},
		{"a rate that is raised", "3/second", "5/second", 5, ration.CodeRateExceeded, day},
	} {
		f.setNow(noon)
		plan := f.plan(row.plan)
		id := f.key(plan.Name)
		f.schedule(plan.Name, row.next)
		f.expect(id, row.name, row.units, row.code, row.wait)
		if row.wait > 0 {
			f.setNow(noon.Add(row.wait - time.Microsecond))
			f.wantCode(f.charge(chargeOf(id, requests(row.units))), row.code)
			f.setNow(noon.Add(row.wait))
			f.wantCode(f.charge(chargeOf(id, requests(row.units))), ration.CodeOK)
		}
	}
	f.setNow(noon)
	plan := f.plan("3/day")
	id := f.key(plan.Name)
	f.allow(id, requests(3), 0)
	f.schedule(plan.Name, "2/day")
	f.expect(id, "more than tomorrow allows", 3, ration.CodeQuotaExceeded, 0) // today is used up, and tomorrow allows 2
	f.override(id, startingAt(f, noon.Add(day), "7/day"))
	f.expect(id, "what the key's own limit allows", 7, ration.CodeQuotaExceeded, day)
}

// expect wants a charge of requests to be decided so, in a dry run and in truth.
func (f *fixture) expect(id ration.KeyID, name string, units int64, code ration.Code, wait time.Duration) {
	f.Helper()
	for _, dryRun := range []bool{true, false} {
		charge := chargeOf(id, requests(units))
		charge.DryRun = dryRun
		if decision := f.charge(charge); decision.Code != code || decision.RetryAfter != wait {
			f.Errorf("%s: %s, retry after %s, want %s, %s", name, decision.Code, decision.RetryAfter, code, wait)
		}
	}
}

// testNextSettled has two keys that are charged alike; of the one, each change is put in
// its place as soon as it has started.
func testNextSettled(f *fixture) {
	midnight := noon.Add(12 * time.Hour)
	overrides := []ration.Override{override(f, "5/minute"), override(f, "9/day"), startingAt(f, midnight, "50/minute"), startingAt(f, midnight, "3/day")}
	left, settled := f.key(""), f.key("")
	f.override(left, overrides...)
	f.override(settled, overrides...)
	for i, at := range []time.Duration{0, 1, 12*time.Hour - 2*time.Second, 12 * time.Hour, 12*time.Hour + time.Second, 12*time.Hour + time.Minute} {
		f.setNow(noon.Add(at))
		if at == 12*time.Hour {
			f.override(settled, override(f, "50/minute"), override(f, "3/day"))
		}
		a, b := f.charge(chargeOf(left, requests(2))), f.charge(chargeOf(settled, requests(2)))
		a.KeyID, a.Receipt, b.Receipt = b.KeyID, nil, nil
		f.want("charge "+string(rune('0'+i)), a, b)
	}
	f.want("usage", f.usage(left), f.usage(settled))
}

func testNextRoundTrip(f *fixture) {
	plan := f.plan("5/day", "1/month")
	f.schedule(plan.Name, "6/day", "7/second burst 9", "3 tokens at once", "8/day from 06:00", "9 tokens/lifetime")
	f.advance(time.Microsecond)
	next := f.scheduled("7/day")
	next[0].Name = "mine"
	f.updatePlan(plan.Name, func(p *ration.Plan) { p.Next = append(slices.Clone(p.Next), next[0], f.removed("1/month")) })
	stored, err := f.Store.Plan(f.Context(), plan.Name)
	if err != nil {
		f.Fatal(err)
	}
	f.want("limits that hold", plan.Limits, stored.Limits)
	f.setNow(noon)
	want := f.scheduled("6/day", "7/second burst 9", "3 tokens at once", "8/day from 06:00", "9 tokens/lifetime")
	f.advance(time.Microsecond)
	want = append(want, next[0], f.removed("1/month"))
	slices.SortFunc(want, ration.CompareNextLimits)
	f.want("limits that start later", want, stored.Next)

	id := f.key(plan.Name)
	lift := startingAt(f, noon, "0 tokens/hour")
	lift.Unlimited = true
	overrides := []ration.Override{override(f, "5/day"), startingAt(f, noon.Add(time.Hour), "6/day"), until(f, noon, "7/day")[0], startingAt(f, noon, "8/week"), clearing(f, noon, "1/month"), startingAt(f, noon, "2 at once"), lift}
	f.want("overrides as returned", overrides, f.override(id, overrides...).Overrides, sortOverrides)
	f.want("overrides as read", overrides, f.stored(id).Overrides, sortOverrides)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Name = "other" })
	f.want("overrides after another change", overrides, f.stored(id).Overrides, sortOverrides)
}

// testNextInstances lets instances charge while the limits of the next period are set,
// and then in that period.
func testNextInstances(f *fixture) {
	plan := f.plan("20/day")
	id := f.key(plan.Name)
	next := f.scheduled("7/day")
	done := make(chan error, 1)
	go func() { done <- updatePlan(f, f.Store, plan.Name, func(p *ration.Plan) { p.Next = next }) }()
	f.want("admitted today", 20, f.admittedTogether(id, 40))
	if err := <-done; err != nil {
		f.Fatal(err)
	}
	f.setNow(noon.Add(12 * time.Hour))
	f.want("admitted tomorrow", 7, f.admittedTogether(id, 40))
}
