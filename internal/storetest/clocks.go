package storetest

import (
	"math/rand/v2"
	"time"

	"github.com/ration-dev/ration"
)

var clockTests = []contractTest{
	{"no period begins beyond ten minutes between the clocks, and any within", testSkews},
	{"clocks that jump give no second quota and lock nobody out", testJumps},
}

func testSkews(f *fixture) {
	if f.SetInstanceNow == nil {
		return // nothing is ever suspect
	}
	id := f.key(f.plan("2/hour").Name)
	for i, skew := range []time.Duration{-9 * time.Minute, 9 * time.Minute, -10 * time.Minute, 10 * time.Minute, 0} {
		f.setNow(noon.Add(time.Duration(i) * time.Hour))
		f.SetInstanceNow(f.now.Add(skew))
		f.allow(id, requests(1), 1)
	}
	for _, skew := range []time.Duration{10*time.Minute + time.Microsecond, -11 * time.Minute, 24 * time.Hour, -tenYears} {
		f.setNow(noon.Add(5 * time.Hour))
		f.SetInstanceNow(f.now.Add(skew))
		f.wantCode(f.charge(chargeOf(id)), ration.CodeClockSuspect)
	}
	f.setNow(f.now)
	f.allow(id, requests(2), 0)
	f.SetInstanceNow(f.now.Add(-tenYears)) // what has begun goes on
	f.deny(id, requests(1), ration.CodeQuotaExceeded, time.Hour)
}

// jumper is a key that is charged while the clocks jump.
type jumper struct {
	f        *fixture
	random   *rand.Rand
	id       ration.KeyID
	truth    time.Time
	database time.Duration // how far the database's clock is off, and the instance's
	instance time.Duration
	ahead    bool // the clocks may have begun a period from the future
	limits   []ration.Limit
	admitted [4]map[ration.PeriodID]int64 // by the period that they were counted in
	latest   [4]ration.PeriodID
}

var jumps = []time.Duration{time.Second, time.Hour, 25 * time.Hour, tenYears}

func testJumps(f *fixture) {
	plan := f.plan("3/hour", "5/day", "8/week", "12/month")
	random := rand.New(rand.NewPCG(15, 10_000))
	truth := noon
	rounds, ahead := 0, 0
	for ; rounds < jumpRounds || (ahead == 0 || ahead == rounds) && rounds < 10*jumpRounds; rounds++ { // until there were both
		j := &jumper{f: f, random: random, truth: truth, limits: plan.Limits}
		for i := range j.admitted {
			j.admitted[i] = map[ration.PeriodID]int64{}
		}
		j.heal()
		j.id = f.key(plan.Name)
		for range 25 {
			j.jump()
			for range 1 + random.IntN(4) {
				j.charge()
			}
		}
		j.heal()
		if j.fromTheFuture() {
			ahead++
			j.repair()
		} else {
			j.wantOpen()
		}
		truth = j.truth.Add(time.Hour)
	}
	if ahead == 0 || ahead == rounds {
		f.Errorf("of %d keys %d were charged in the future, want some and some not", rounds, ahead)
	}
}

// jump lets some time pass and moves one clock or both, or puts them right.
func (j *jumper) jump() {
	pauses := []time.Duration{0, time.Second, 20 * time.Minute, 7 * time.Hour}
	j.truth = j.truth.Add(pauses[j.random.IntN(len(pauses))])
	by := jumps[j.random.IntN(len(jumps))]
	if j.random.IntN(2) == 0 {
		by = -by
	}
	switch j.random.IntN(8) {
	case 0, 1:
		j.database = by
	case 2, 3:
		j.instance = by
	case 4:
		j.database, j.instance = by, by
	default:
		j.database, j.instance = 0, 0
	}
	j.set()
}

func (j *jumper) set() {
	j.f.setNow(j.truth.Add(j.database))
	if j.f.SetInstanceNow == nil {
		j.instance = j.database
	} else {
		j.f.SetInstanceNow(j.truth.Add(j.instance))
	}
	const tolerance = 10 * time.Minute
	j.ahead = j.ahead || j.database > tolerance && (j.instance > tolerance || j.f.BelievesSteps)
}

// charge charges and wants no more than a limit in any period, and no period
// after a later one.
func (j *jumper) charge() {
	units := 1 + j.random.Int64N(3)
	decision := j.f.charge(chargeOf(j.id, requests(units)))
	if !decision.Allowed() {
		return
	}
	for i, window := range j.f.meter(j.id, ration.MeterRequests).Windows {
		j.admitted[i][window.ID] += units
		if sum := j.admitted[i][window.ID]; sum > j.quantity(i) || sum != window.Used {
			j.f.Errorf("%d admitted in the %s %d, counted %d, limit %d", sum, ration.WindowPeriods[i], window.ID, window.Used, j.quantity(i))
		}
		if window.ID < j.latest[i] {
			j.f.Errorf("the %s %d after %d", ration.WindowPeriods[i], window.ID, j.latest[i])
		}
		j.latest[i] = window.ID
	}
}

func (j *jumper) quantity(window int) int64 {
	for _, limit := range j.limits {
		if limit.Period == ration.WindowPeriods[window] {
			return limit.Quantity
		}
	}
	return 0
}

// heal puts the clocks right and wants the store to be ready within 5 minutes.
func (j *jumper) heal() {
	j.database, j.instance = 0, 0
	j.set()
	for range 5 {
		if j.f.Store.Ready(j.f.Context()) == nil {
			return
		}
		j.truth = j.truth.Add(time.Minute)
		j.set()
	}
	if err := j.f.Store.Ready(j.f.Context()); err != nil {
		j.f.Fatalf("5 minutes after the clocks were put right: %v", err)
	}
}

// fromTheFuture reports whether the key has a period that has not begun, and
// wants the clocks to have been ahead, both of them if they are two, if it has.
func (j *jumper) fromTheFuture() bool {
	var found bool
	for i, window := range j.f.meter(j.id, ration.MeterRequests).Windows {
		periodID, _ := ration.PeriodAt(ration.WindowPeriods[i], j.truth, time.UTC)
		found = found || window.ID > periodID
	}
	if found && !j.ahead {
		j.f.Errorf("the key is in the future and the clocks were never ahead: %+v", j.f.meter(j.id, ration.MeterRequests))
	}
	return found
}

// wantOpen wants the key to be refused only what it has used up.
func (j *jumper) wantOpen() {
	decision := j.f.charge(chargeOf(j.id))
	usedUp := false
	for i, period := range ration.WindowPeriods {
		periodID, _ := ration.PeriodAt(period, j.truth, time.UTC)
		usedUp = usedUp || j.admitted[i][periodID] == j.quantity(i)
	}
	if decision.Allowed() == usedUp || !decision.Allowed() && decision.Code != ration.CodeQuotaExceeded {
		j.f.Errorf("with right clocks: code %s, limits %+v, admitted %v", decision.Code, decision.Limits, j.admitted)
	}
}

// repair wants a repair to take back what has not begun, and the key to be open
// once what it has used is over.
func (j *jumper) repair() {
	if repaired := j.f.repair(); repaired == 0 {
		j.f.Errorf("nothing to repair of %+v at %s", j.f.meter(j.id, ration.MeterRequests), j.truth)
	}
	if j.fromTheFuture() {
		j.f.Errorf("after the repair: %+v at %s", j.f.meter(j.id, ration.MeterRequests), j.truth)
	}
	_, j.truth = ration.PeriodAt(ration.PeriodMonth, j.truth, time.UTC)
	j.set()
	if decision := j.f.charge(chargeOf(j.id, requests(3))); !decision.Allowed() {
		j.f.Errorf("in the month after the repair: code %s, limits %+v", decision.Code, decision.Limits)
	}
}
