package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var lockTests = []contractTest{
	{"a waiting batch sees the key's new plan", testWaitingSeesPlan},
	{"a waiting batch sees the key's new override", testWaitingSeesOverride},
	{"a waiting batch sees the key's new status", testWaitingSeesStatus},
	{"a waiting batch sees a revoked secret", testWaitingSeesSecret},
	{"a waiting batch sees its plan's new limits", testWaitingSeesLimits},
	{"a waiting batch sees what time it has become", testWaitingSeesTime},
	{"a waiting batch sees all that was charged", testWaitingSeesCharges},
	{"an update that fails leaves nothing", testFailedUpdate},
	{"changes hold on every instance at once", testChangesHoldEverywhere},
}

// instances returns n instances on the database, or the only one there can be.
func (f *fixture) instances(n int) []Store {
	stores := []Store{f.Store}
	for len(stores) < n && f.OpenAnother != nil {
		stores = append(stores, f.OpenAnother(f.t))
	}
	return stores
}

// whileChanging changes a key and, in the transaction that holds its lock,
// starts a batch and waits until it is stopped by the lock. It returns the
// batch's decisions.
func (f *fixture) whileChanging(id ration.KeyID, update func(*admin.KeyChange), charges ...item) []ration.Decision {
	f.Helper()
	return f.during(func(begin func()) error {
		f.updateKey(id, func(change *admin.KeyChange) {
			begin()
			update(change)
		})
		return nil
	}, charges...)
}

// during runs a change, which calls begin once it has the lock of a key: that
// starts a batch and waits until it is stopped by the lock. It returns the
// batch's decisions.
func (f *fixture) during(change func(begin func()) error, charges ...item) []ration.Decision {
	f.Helper()
	type answer struct {
		decisions []ration.Decision
		err       error
	}
	answered := make(chan answer, 1)
	var once sync.Once // a store may run a change again
	err := change(func() {
		once.Do(func() {
			go func() {
				decisions, err := chargeBatch(f, f.Store, charges...)
				answered <- answer{decisions, err}
			}()
			if f.AwaitLocked != nil {
				f.AwaitLocked(f.t)
			}
		})
	})
	if err != nil {
		f.Fatalf("changing a key while it is charged: %v", err)
	}
	got := <-answered
	if got.err != nil {
		f.Fatalf("charging while the key was changed: %v", got.err)
	}
	return got.decisions
}

func testWaitingSeesPlan(f *fixture) {
	id, small := f.key(f.plan("100/day").Name), f.plan("3/day")
	decisions := f.whileChanging(id, func(change *admin.KeyChange) { change.Key.Plan = small.Name }, repeat(4, chargeOf(id))...)
	f.wantRemaining(decisions[0], 2)
	f.wantCode(decisions[3], ration.CodeQuotaExceeded)
	if decisions[0].Plan != small.Name {
		f.Errorf("plan %s, want %s", decisions[0].Plan, small.Name)
	}
}

func testWaitingSeesOverride(f *fixture) {
	id := f.key(f.plan("2/day").Name)
	raised := override(f, "5/day")
	decisions := f.whileChanging(id, func(change *admin.KeyChange) {
		change.Key.Overrides = []ration.Override{raised}
	}, chargeOf(id))
	f.wantRemaining(decisions[0], 4)
	decisions = f.whileChanging(id, func(change *admin.KeyChange) { change.Key.Overrides = nil }, chargeOf(id))
	f.wantRemaining(decisions[0], 0)
}

func testWaitingSeesStatus(f *fixture) {
	id := f.key("")
	decisions := f.whileChanging(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled }, chargeOf(id))
	f.wantCode(decisions[0], ration.CodeKeyDisabled)
	decisions = f.whileChanging(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusActive }, chargeOf(id))
	f.wantCode(decisions[0], ration.CodeOK)
}

func testWaitingSeesSecret(f *fixture) {
	id, secrets := f.keyWithSecrets("", "leaked")
	charge := chargeOf(id)
	charge.SecretID = secrets[0].ID
	decisions := f.whileChanging(id, func(change *admin.KeyChange) { change.Key.Secrets[0].RevokedAt = change.Now }, charge)
	f.wantCode(decisions[0], ration.CodeKeyRevoked)
}

// testWaitingSeesLimits changes a plan, which takes no key's lock, after a
// batch has begun to wait. Where one transaction excludes all others the batch
// has not begun, and the change comes before it.
func testWaitingSeesLimits(f *fixture) {
	plan := f.plan("100/day")
	id := f.key(plan.Name)
	if f.AwaitLocked == nil {
		f.setLimits(plan.Name, "3/day")
		f.wantRemaining(f.charge(chargeOf(id)), 2)
		return
	}
	decisions := f.whileChanging(id, func(*admin.KeyChange) {
		if err := updatePlan(f, f.Store, plan.Name, func(p *ration.Plan) { p.Limits = parseLimits(f, "3/day") }); err != nil {
			f.Errorf("updating a plan while a batch waits: %v", err)
		}
	}, chargeOf(id))
	f.wantRemaining(decisions[0], 2)
}

// testWaitingSeesTime lets midnight pass while a batch waits for its key.
func testWaitingSeesTime(f *fixture) {
	midnight := time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC)
	id := f.key(f.plan("2/day").Name)
	f.setNow(midnight.Add(-time.Microsecond))
	f.allow(id, requests(2), 0)
	decisions := f.whileChanging(id, func(*admin.KeyChange) { f.setNow(midnight) }, chargeOf(id))
	f.wantRemaining(decisions[0], 1)
	if got := decisions[0].DecidedAt; !got.Equal(midnight) {
		f.Errorf("decided at %s, want %s", got, midnight)
	}
}

// testWaitingSeesCharges makes two instances' batches meet on one key, many times.
func testWaitingSeesCharges(f *fixture) {
	id := f.key(f.plan("1000/day").Name)
	const rounds = 20
	var seen sync.Map
	var group sync.WaitGroup
	for _, store := range f.instances(2) {
		group.Go(func() {
			for range rounds {
				decisions, err := chargeBatch(f, store, chargeOf(id), chargeOf(id, requests(2)))
				if err != nil {
					f.Errorf("charging: %v", err)
					return
				}
				for _, decision := range decisions {
					if _, twice := seen.LoadOrStore(decision.Limits[0].Used, true); twice {
						f.Errorf("two charges were told %d used", decision.Limits[0].Used)
					}
				}
			}
		})
	}
	group.Wait()
}

func testFailedUpdate(f *fixture) {
	id, _ := f.keyWithSecrets(f.plan("5/day").Name, "one")
	f.allow(id, requests(1), 4)
	before := f.state(id)
	cause := fmt.Errorf("no %s today", "change")
	_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
		change.Key.Status, change.Key.Plan, change.Key.Overrides = ration.StatusRevoked, "", []ration.Override{override(f, "9/day")}
		change.Audit = entry("key.update", id.String())
		return cause
	})
	f.wantError(err, cause)
	f.want("state after an update that failed", before, f.state(id))
	f.allow(id, requests(1), 3)
}

// testChangesHoldEverywhere changes through one instance and charges through
// another as soon as the change is acknowledged.
func testChangesHoldEverywhere(f *fixture) {
	plan := f.plan("1000/day")
	id := f.key(plan.Name)
	stores := f.instances(2)
	other := stores[len(stores)-1]
	for round := range int64(10) {
		limit := 500 - round
		f.setLimits(plan.Name, fmt.Sprintf("%d/day", limit))
		decisions, err := chargeBatch(f, other, chargeOf(id))
		if err != nil {
			f.Fatal(err)
		}
		f.wantRemaining(decisions[0], limit-round-1)
		f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
		decisions, err = chargeBatch(f, other, chargeOf(id))
		if err != nil {
			f.Fatal(err)
		}
		f.wantCode(decisions[0], ration.CodeKeyDisabled)
		f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusActive })
	}
}
