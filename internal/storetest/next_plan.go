package storetest

import (
	"errors"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// nextPlan lets a key have another plan from an instant on.
func (f *fixture) nextPlan(id ration.KeyID, plan string, at time.Time) admin.KeyRecord {
	f.Helper()
	return f.updateKey(id, func(change *admin.KeyChange) { change.Key.NextPlan, change.Key.NextPlanAt = plan, at })
}

func testNextPlan(f *fixture) {
	const day = 12 * time.Hour
	pro, free := f.plan("30/day", "5/second"), f.planIn("Europe/Berlin", "4/day", "9 tokens/day")
	id := f.key(pro.Name)
	f.nextPlan(id, free.Name, noon.Add(day))
	decision := f.charge(chargeOf(id, requests(5)))
	f.wantRemaining(decision, 0, 25)
	f.want("plan", pro.Name, decision.Plan)
	f.setNow(noon.Add(day))
	decision = f.charge(chargeOf(id, requests(3)))
	f.wantRemaining(decision, 1)
	f.want("plan", free.Name, decision.Plan)
	f.deny(id, requests(2), ration.CodeQuotaExceeded, 22*time.Hour) // midnight in Berlin
	f.setNow(noon.Add(24 * time.Hour))
	f.nextPlan(id, "", noon.Add(34*time.Hour))
	f.setNow(noon.Add(34 * time.Hour))
	f.wantRemaining(f.charge(chargeOf(id, requests(99))))
}

func testNextPlanFuture(f *fixture) {
	const soon = 3 * time.Hour
	small, large := f.plan("2/day"), f.plan("5/day")
	id := f.key(small.Name)
	f.allow(id, requests(2), 0)
	f.nextPlan(id, large.Name, noon.Add(soon))
	f.expect(id, "what the next plan allows", 3, ration.CodeQuotaExceeded, soon)
	f.expect(id, "more than is left of it", 4, ration.CodeQuotaExceeded, 12*time.Hour)
	f.expect(id, "more than both allow", 6, ration.CodeCostExceedsLimit, 0)
	f.schedule(large.Name, "7/day")
	f.expect(id, "what the next plan allows by then", 6, ration.CodeQuotaExceeded, 12*time.Hour)
	f.setNow(noon.Add(soon))
	f.allow(id, requests(3), 0)
}

// testNextPlanGiven has two keys that are charged alike; into one the store has written
// the plan that it has by then.
func testNextPlanGiven(f *fixture) {
	const soon, grace = time.Hour, 15 * time.Minute
	plan, next := f.plan("9/minute", "9/day"), f.plan("30/minute", "8/day")
	id := f.key(plan.Name)
	f.allow(id, requests(5), 4, 4)
	f.nextPlan(id, next.Name, noon.Add(soon))
	for _, at := range []time.Duration{soon + grace - time.Microsecond, soon + grace} {
		f.setNow(noon.Add(at))
		before := f.stored(id)
		want := f.charge(dryRun(chargeOf(id, requests(2))))
		for given := 1; given > 0; { // of other tests' keys too
			var err error
			if given, err = f.Store.GiveNextPlans(f.Context()); err != nil {
				f.Fatal(err)
			}
		}
		after := f.stored(id)
		f.want("decision", want, f.charge(dryRun(chargeOf(id, requests(2)))))
		if at < soon+grace {
			f.want("key before it is due", before, after)
			continue
		}
		before.Plan, before.NextPlan, before.NextPlanAt, before.UpdatedAt = next.Name, "", time.Time{}, noon.Add(soon)
		f.want("key", before, after)
	}
	entries, err := f.Store.ListAudit(f.Context(), admin.AuditFilter{Target: id.String(), Limit: 1})
	if err != nil {
		f.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Actor != "ration" {
		f.Errorf("audit entries %+v, want one of ration", entries)
	}
}

func dryRun(charge item) item {
	charge.DryRun = true
	return charge
}

func testNextPlanRoundTrip(f *fixture) {
	plan, next := f.plan("5/day"), f.plan("6/day")
	id, at := f.key(plan.Name), noon.Add(time.Hour)
	want := func(record admin.KeyRecord, name string, at time.Time) {
		f.Helper()
		if record.Plan != plan.Name || record.NextPlan != name || !record.NextPlanAt.Equal(at) {
			f.Errorf("plan %q, then %q from %s; want %q, then %q from %s", record.Plan, record.NextPlan, record.NextPlanAt, plan.Name, name, at)
		}
	}
	want(f.nextPlan(id, next.Name, at), next.Name, at)
	want(f.override(id, override(f, "1/day")), next.Name, at)
	want(f.stored(id), next.Name, at)
	if err := f.Store.DeletePlan(f.Context(), next.Name, entry("plan.delete", "plan:"+next.Name)); !errors.Is(err, ration.ErrConflict) {
		f.Errorf("deleting a plan that a key will have: %v", err)
	}
	want(f.nextPlan(id, "", at), "", at)
	want(f.nextPlan(id, "", time.Time{}), "", time.Time{})
	f.want("overrides", []ration.Override{override(f, "1/day")}, f.stored(id).Overrides)
	_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
		change.Key.NextPlan, change.Key.NextPlanAt = uniqueName(), at
		change.Audit = entry("key.update", id.String())
		return nil
	})
	if !errors.Is(err, ration.ErrNotFound) {
		f.Errorf("a next plan that does not exist: %v", err)
	}
}
