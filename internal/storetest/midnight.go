package storetest

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
)

// testRollovers lets the clock pass one midnight after the other while all
// instances charge. Every charge must be in the history of the day in which it
// was decided, and be the only one of its count.
func testRollovers(f *fixture) {
	plan := f.plan("150/day")
	stores := f.instances(3)
	for day := range rollovers {
		midnight := time.Date(2026, 8, 1+day, 0, 0, 0, 0, time.UTC)
		f.setNow(midnight.Add(-time.Second))
		id := f.key(plan.Name)
		admitted := f.rollOver(id, midnight, stores)
		f.wantDays(id, midnight, admitted)
		if admitted[false] > 150 || admitted[true] > 150 {
			f.Errorf("admitted %d before midnight and %d after, want at most 150", admitted[false], admitted[true])
		}
	}
}

// rollOver charges a key from a second before midnight to a second after it, and
// returns what was admitted by whether it was after midnight.
func (f *fixture) rollOver(id ration.KeyID, midnight time.Time, stores []Store) map[bool]int64 {
	f.Helper()
	const batches, size = 40, 10
	step := 2 * time.Second / time.Duration(batches*len(stores))
	var mu sync.Mutex
	admitted := map[bool]int64{}
	note := func(decisions []ration.Decision) {
		mu.Lock()
		defer mu.Unlock()
		for _, decision := range decisions {
			if decision.Allowed() {
				admitted[!decision.DecidedAt.Before(midnight)]++
			}
			if !decision.DecidedAt.Equal(decisions[0].DecidedAt) {
				f.Error("one batch was decided at two times")
			}
		}
		f.advance(step)
	}
	var group sync.WaitGroup
	for _, store := range stores {
		group.Go(func() {
			for range batches {
				decisions, err := chargeBatch(f, store, repeat(size, chargeOf(id))...)
				if err != nil {
					f.Errorf("charging: %v", err)
					return
				}
				note(decisions)
			}
		})
	}
	group.Wait()
	return admitted
}

// wantDays compares the history of the days before and after midnight.
func (f *fixture) wantDays(id ration.KeyID, midnight time.Time, admitted map[bool]int64) {
	f.Helper()
	days := f.days(id)
	if len(days) != 2 {
		f.Fatalf("history of %d days, want 2: %+v", len(days), days)
	}
	after := ration.DateID(midnight.Date())
	for i, day := range days {
		if want := admitted[i == 1]; day.Used != want || day.Date != after-1+ration.PeriodID(i) {
			f.Errorf("history of %s has %d, want %d", day.Date.Date().Format(time.DateOnly), day.Used, want)
		}
	}
}

// testHerd charges many keys for the first time of a day at once, each through
// every instance and in batches that meet each other in all orders.
func testHerd(f *fixture) {
	plan := f.plan("10/day")
	stores := f.instances(3)
	ids := make([]ration.KeyID, herd)
	for i := range ids {
		ids[i] = f.key(plan.Name)
	}
	f.chargeHerd(f.Store, ids)
	f.setNow(time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC))
	var group sync.WaitGroup
	for i, store := range stores {
		for lane := range 2 {
			order := rand.New(rand.NewPCG(uint64(i), uint64(lane))).Perm(len(ids))
			group.Go(func() {
				mixed := make([]ration.KeyID, len(ids))
				for to, from := range order {
					mixed[to] = ids[from]
				}
				f.chargeHerd(store, mixed)
			})
		}
	}
	group.Wait()
	each := int64(2 * len(stores))
	var wrong atomic.Int64
	for _, id := range ids {
		entry := f.meter(id, ration.MeterRequests)
		if days := f.days(id); entry.Used != 1+each || entry.Denied != 0 || entry.Windows[1].Used != each || len(days) != 2 || days[1].Used != each {
			wrong.Add(1)
		}
	}
	if wrong.Load() > 0 {
		f.Errorf("%d of %d keys have not used 1 on the first day and %d on the second", wrong.Load(), len(ids), each)
	}
}

// chargeHerd charges each key once and wants every charge admitted.
func (f *fixture) chargeHerd(store Store, ids []ration.KeyID) {
	for len(ids) > 0 {
		size := min(len(ids), 25)
		charges := make([]item, size)
		for i, id := range ids[:size] {
			charges[i] = chargeOf(id)
		}
		ids = ids[size:]
		decisions, err := chargeBatch(f, store, charges...)
		if err != nil {
			f.Errorf("charging: %v", err)
			return
		}
		for _, decision := range decisions {
			if !decision.Allowed() {
				f.Errorf("code %s, want %s", decision.Code, ration.CodeOK)
			}
		}
	}
}
