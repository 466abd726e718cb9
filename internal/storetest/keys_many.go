package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

var manyKeysTests = []contractTest{
	{"keys are changed in the order of their ids, each once", testManyInOrder},
	{"what stays as it is among many is not written", testManyUnchanged},
	{"an error at any key of a chunk changes none", testManyAllOrNone},
	{"what is missing or taken at one key changes none", testManyErrors},
	{"more keys than one transaction may change are refused", testTooManyKeys},
	{"a change of some keys leaves all others as they were", testManyOthersUntouched},
	{"a batch that waits for one of many keys sees its change", testWaitingSeesManyKeys},
	{"changes of many keys and charges never deadlock", testManyNeverDeadlock},
	{"keys created together come back as they were stored", testCreateMany},
	{"an error at any of several new keys creates none", testCreateAllOrNone},
	{"more keys than one transaction may create are refused", testCreateTooMany},
}

// manyKeys creates keys whose ids are in another order than their creation.
func (f *fixture) manyKeys(n int, plan string) []ration.KeyID {
	f.Helper()
	ids := make([]ration.KeyID, n)
	for i := range ids {
		ids[i] = f.keyWith(func(change *admin.KeyChange) {
			change.Key.ID, change.Key.Plan = ration.KeyID(uuid.New()), plan
			change.NewSecrets = []admin.NewSecret{newSecret("only", change.Now)}
		})
	}
	return ids
}

func shuffled(ids []ration.KeyID) []ration.KeyID {
	ids = slices.Clone(ids)
	rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids
}

func inOrder(f *fixture, ids []ration.KeyID) []ration.KeyID {
	f.Helper()
	ids, err := admin.LockOrder(ids)
	if err != nil {
		f.Fatal(err)
	}
	return ids
}

// overhaul changes of a key all that can be changed.
func overhaul(f *fixture, change *admin.KeyChange) {
	key := &change.Key
	key.Name, key.Plan, key.Status, key.UpdatedAt = "changed", "", ration.StatusDisabled, change.Now
	key.Overrides = []ration.Override{override(f, "9/day"), override(f, "2/hour")}
	key.Secrets[0].RevokedAt = change.Now
	change.NewSecrets = []admin.NewSecret{newSecret("another", change.Now)}
	change.Audit = entry("key.update", key.ID.String())
}

// states reads all about keys, with their audit entries.
func (f *fixture) states(ids []ration.KeyID) []any {
	f.Helper()
	var states []any
	for _, id := range ids {
		states = append(states, f.state(id), f.audit(admin.AuditFilter{Target: id.String()}))
	}
	return states
}

func testManyInOrder(f *fixture) {
	ids := f.manyKeys(7, f.plan("5/day").Name)
	f.advance(time.Minute)
	var called []ration.KeyID
	records, err := f.Store.UpdateKeys(f.Context(), append(shuffled(ids), ids[:3]...), func(change *admin.KeyChange) error {
		if !change.Now.Equal(f.now) {
			f.Errorf("the change is at %s, want %s", change.Now, f.now)
		}
		called = append(called, change.Key.ID)
		overhaul(f, change)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.want("keys in the order of their changes", inOrder(f, ids), called)
	for i, id := range called {
		f.want("key as returned", f.stored(id), records[i])
		if got := records[i]; got.Status != ration.StatusDisabled || len(got.Overrides) != 2 || len(got.Secrets) != 2 || got.Plan != "" {
			f.Errorf("key %s is %+v", id, got)
		}
		if entries := f.audit(admin.AuditFilter{Target: id.String()}); len(entries) != 2 || entries[0].Action != "key.update" {
			f.Errorf("audit entries of %s: %+v", id, entries)
		}
	}
}

func testManyUnchanged(f *fixture) {
	ids := inOrder(f, f.manyKeys(6, f.plan("5/day").Name))
	before := f.states(ids)
	f.advance(time.Minute)
	update := func(changed int) {
		records, err := f.Store.UpdateKeys(f.Context(), ids, func(change *admin.KeyChange) error {
			overhaul(f, change)
			if slices.Index(ids, change.Key.ID) >= changed {
				return admin.ErrUnchanged
			}
			return nil
		})
		if err != nil {
			f.Fatal(err)
		}
		for i, id := range ids {
			f.want("key as returned", f.stored(id), records[i])
		}
	}
	update(0)
	f.want("all keys", before, f.states(ids))
	update(2)
	f.want("keys that stay", before[4:], f.states(ids[2:]))
	for _, id := range ids[:2] {
		f.want("status of a changed key", ration.StatusDisabled, f.stored(id).Status)
	}
	records, err := f.Store.UpdateKeys(f.Context(), nil, func(*admin.KeyChange) error { return ration.ErrConflict })
	if err != nil || len(records) != 0 {
		f.Errorf("no keys: %v, %v", records, err)
	}
}

func testManyAllOrNone(f *fixture) {
	ids := inOrder(f, f.manyKeys(4, f.plan("5/day").Name))
	before := f.states(ids)
	f.advance(time.Minute)
	cause := errors.New("not this one")
	for _, guilty := range ids {
		_, err := f.Store.UpdateKeys(f.Context(), ids, func(change *admin.KeyChange) error {
			overhaul(f, change)
			if change.Key.ID == guilty {
				return cause
			}
			return nil
		})
		f.wantError(err, cause)
		f.want("all keys", before, f.states(ids))
	}
}

func testManyErrors(f *fixture) {
	ids := inOrder(f, f.manyKeys(4, f.plan("5/day").Name))
	_, secrets := f.keyWithSecrets("", "taken")
	before := f.states(ids)
	_, err := f.Store.UpdateKeys(f.Context(), append(ids, ration.NewKeyID()), func(*admin.KeyChange) error {
		f.Error("update was called though a key does not exist")
		return nil
	})
	f.wantError(err, ration.ErrNotFound)
	for name, row := range map[string]struct {
		spoil func(*admin.KeyChange)
		want  error
	}{
		"an unknown plan": {func(change *admin.KeyChange) { change.Key.Plan = "no-such-plan" }, ration.ErrNotFound},
		"a taken digest":  {func(change *admin.KeyChange) { change.NewSecrets[0].Digest = secrets[0].Digest }, ration.ErrExists},
	} {
		_, err := f.Store.UpdateKeys(f.Context(), ids, func(change *admin.KeyChange) error {
			overhaul(f, change)
			if change.Key.ID == ids[2] {
				row.spoil(change)
			}
			return nil
		})
		f.wantError(err, row.want)
		f.want("all keys after "+name, before, f.states(ids))
	}
}

func testTooManyKeys(f *fixture) {
	ids := make([]ration.KeyID, admin.MaxKeysAtOnce+1)
	for i := range ids {
		ids[i] = ration.NewKeyID()
	}
	never := func(*admin.KeyChange) error { return errors.New("update was called") }
	_, err := f.Store.UpdateKeys(f.Context(), ids, never)
	if _, ok := errors.AsType[*ration.InvalidError](err); !ok {
		f.Errorf("error %v, want that they are too many", err)
	}
	_, err = f.Store.UpdateKeys(f.Context(), append(ids[1:], ids[1:]...), never)
	f.wantError(err, ration.ErrNotFound)
}

func testManyOthersUntouched(f *fixture) {
	plan := f.plan("50/day", "1000 tokens/month")
	ids := inOrder(f, f.manyKeys(9, plan.Name))
	for i, id := range ids {
		f.override(id, override(f, "40/day"))
		f.batch(repeat(i+1, chargeOf(id, requests(1), units("tokens", 10)))...)
	}
	var chosen, others []ration.KeyID
	for i, id := range ids {
		if i%3 == 1 {
			chosen = append(chosen, id)
		} else {
			others = append(others, id)
		}
	}
	before, usage := f.states(others), make([]ledger.Usage, 0, len(chosen))
	for _, id := range chosen {
		usage = append(usage, f.usage(id))
	}
	f.advance(time.Minute)
	_, err := f.Store.UpdateKeys(f.Context(), chosen, func(change *admin.KeyChange) error {
		overhaul(f, change)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.want("all other keys", before, f.states(others))
	f.want("the plan", plan, f.storedPlan(plan.Name))
	for i, id := range chosen {
		f.want("what a changed key has used", usage[i], f.usage(id))
		f.wantCode(f.charge(chargeOf(id)), ration.CodeKeyDisabled)
	}
	for _, id := range others {
		f.wantCode(f.charge(chargeOf(id)), ration.CodeOK)
	}
}

// testWaitingSeesManyKeys starts a batch on the first of many keys while the last
// of them is changed.
func testWaitingSeesManyKeys(f *fixture) {
	ids := inOrder(f, f.manyKeys(5, ""))
	for _, waiting := range ids {
		type answer struct {
			decisions []ration.Decision
			err       error
		}
		answered := make(chan answer, 1)
		var once sync.Once // a store may run an update again
		want := f.stored(waiting).Name + "+"
		_, err := f.Store.UpdateKeys(f.Context(), ids, func(change *admin.KeyChange) error {
			if change.Key.ID == ids[len(ids)-1] {
				once.Do(func() {
					go func() {
						decisions, err := chargeBatch(f, f.Store, chargeOf(waiting))
						answered <- answer{decisions, err}
					}()
					if f.AwaitLocked != nil {
						f.AwaitLocked(f.t)
					}
				})
			}
			change.Key.Name += "+"
			change.Audit = entry("key.update", change.Key.ID.String())
			return nil
		})
		if err != nil {
			f.Fatal(err)
		}
		got := <-answered
		if got.err != nil {
			f.Fatal(got.err)
		}
		f.wantCode(got.decisions[0], ration.CodeOK)
		f.want("name in the decision", want, got.decisions[0].KeyName)
	}
}

// testManyNeverDeadlock changes the same keys from several sides, each time named
// in another order, while batches of them are charged.
func testManyNeverDeadlock(f *fixture) {
	const keys, rounds = 40, 15
	ids := f.manyKeys(keys, f.plan("1000000/day").Name)
	stores := f.instances(4)
	var group sync.WaitGroup
	for side := range 4 {
		store := stores[side%len(stores)]
		group.Go(func() {
			for range rounds {
				if side%2 == 0 {
					manyCharges(f, store, shuffled(ids))
					continue
				}
				_, err := store.UpdateKeys(f.Context(), shuffled(ids), func(change *admin.KeyChange) error {
					change.Key.Name = uniqueName()
					change.Audit = entry("key.update", change.Key.ID.String())
					return nil
				})
				if err != nil {
					f.Errorf("changing: %v", err)
				}
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		if used := f.meter(id, ration.MeterRequests).Used; used != 2*rounds {
			f.Errorf("%s has used %d, want %d", id, used, 2*rounds)
		}
		if entries := f.audit(admin.AuditFilter{Target: id.String()}); len(entries) != 2*rounds+1 {
			f.Errorf("%s has %d audit entries, want %d", id, len(entries), 2*rounds+1)
		}
	}
}

// manyCharges charges each key once, in one batch, and wants all admitted.
func manyCharges(f *fixture, store Store, ids []ration.KeyID) {
	charges := make([]item, len(ids))
	for i, id := range ids {
		charges[i] = chargeOf(id)
	}
	decisions, err := chargeBatch(f, store, charges...)
	if err != nil {
		f.Errorf("charging: %v", err)
	}
	for _, decision := range decisions {
		f.wantCode(decision, ration.CodeOK)
	}
}
