package storetest

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/ration-dev/ration"
)

var concurrencyTests = []contractTest{
	{"instances together admit exactly the quota", testExactAdmissions},
	{"batches of many keys never deadlock", testCrossedBatches},
	{"batches of different keys run at once in one instance", testParallelKeys},
	{"a meter may be first used by two instances at once", testFirstUseAtOnce},
	{"each charge at midnight belongs to exactly one day", testRollovers},
	{"all keys may be charged at once after midnight", testHerd},
}

// testExactAdmissions asks for far more than there is, from all sides.
func testExactAdmissions(f *fixture) {
	const quota, batches, size = 200, 25, 20
	id := f.key(f.plan("200/day").Name)
	stores := f.instances(4)
	var admitted, denied atomic.Int64
	told := make([]atomic.Bool, quota+1) // which counts were told
	var group sync.WaitGroup
	for _, store := range stores {
		group.Go(func() {
			for range batches {
				decisions, err := chargeBatch(f, store, repeat(size, chargeOf(id))...)
				if err != nil {
					f.Errorf("charging: %v", err)
					return
				}
				for _, decision := range decisions {
					used := decision.Limits[0].Used
					switch {
					case !decision.Allowed():
						denied.Add(1)
					case used > quota || told[used].Swap(true):
						f.Errorf("admitted as number %d, which can't be or was another", used)
					default:
						admitted.Add(1)
					}
				}
			}
		})
	}
	group.Wait()
	asked := int64(len(stores) * batches * size)
	entry := f.meter(id, ration.MeterRequests)
	if admitted.Load() != quota || entry.Used != quota || entry.Denied != denied.Load() || denied.Load() != asked-quota {
		f.Errorf("of %d: %d admitted and %d denied; recorded %d and %d; want %d admitted",
			asked, admitted.Load(), denied.Load(), entry.Used, entry.Denied, quota)
	}
}

// testCrossedBatches sends batches that name the same keys in different orders.
func testCrossedBatches(f *fixture) {
	const keys, batches = 12, 25
	plan := f.plan("1000000/day")
	ids := make([]ration.KeyID, keys)
	for i := range ids {
		ids[i] = f.key(plan.Name)
	}
	counts := make([]atomic.Int64, keys)
	var group sync.WaitGroup
	for i, store := range f.instances(4) {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		group.Go(func() {
			for range batches {
				order := random.Perm(keys)[:1+random.IntN(keys)]
				charges := make([]item, len(order))
				for j, key := range order {
					charges[j] = chargeOf(ids[key], requests(1), units("tokens", int64(key)))
					counts[key].Add(1)
				}
				if _, err := chargeBatch(f, store, charges...); err != nil {
					f.Errorf("charging: %v", err)
					return
				}
			}
		})
	}
	group.Wait()
	for i, id := range ids {
		want := counts[i].Load()
		if got := f.meter(id, ration.MeterRequests).Used; got != want {
			f.Errorf("key %d: %d requests, want %d", i, got, want)
		}
		if got := f.meter(id, "tokens").Used; got != want*int64(i) {
			f.Errorf("key %d: %d tokens, want %d", i, got, want*int64(i))
		}
	}
}

func testParallelKeys(f *fixture) {
	const callers, batches = 8, 10
	plan := f.plan("15/day")
	var group sync.WaitGroup
	for range callers {
		id := f.key(plan.Name)
		group.Go(func() {
			admitted := 0
			for range batches {
				decisions, err := chargeBatch(f, f.Store, chargeOf(id), chargeOf(id))
				if err != nil {
					f.Errorf("charging: %v", err)
					return
				}
				for _, decision := range decisions {
					if decision.Allowed() {
						admitted++
					}
				}
			}
			if admitted != 15 {
				f.Errorf("%d admitted, want 15", admitted)
			}
		})
	}
	group.Wait()
}

func testFirstUseAtOnce(f *fixture) {
	stores := f.instances(3)
	for range 10 {
		id, meter := f.key(f.plan("100 fresh/day").Name), "fresh"
		start := make(chan struct{})
		var group sync.WaitGroup
		for _, store := range stores {
			group.Go(func() {
				<-start
				if _, err := chargeBatch(f, store, chargeOf(id, requests(1), units(meter, 5))); err != nil {
					f.Errorf("charging: %v", err)
				}
			})
		}
		close(start)
		group.Wait()
		want := int64(5 * len(stores))
		entry := f.meter(id, meter)
		if entry.Used != want || entry.Windows[1].Used != want {
			f.Errorf("used %d ever and %d today, want %d", entry.Used, entry.Windows[1].Used, want)
		}
	}
}
