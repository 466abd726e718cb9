package storetest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (m *memory) createPlan(_ context.Context, create func(*admin.PlanChange) error) (ration.Plan, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	change := admin.PlanChange{Now: m.time(), Units: m.unit}
	if err := create(&change); err != nil {
		return ration.Plan{}, err
	}
	if _, taken := m.plans[change.Plan.Name]; taken {
		return ration.Plan{}, ration.ErrExists
	}
	return m.writePlan(change), nil
}

func (m *memory) UpdatePlan(_ context.Context, name string, update func(*admin.PlanChange) error) (ration.Plan, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	plan, found := m.plans[name]
	if !found {
		return ration.Plan{}, ration.ErrNotFound
	}
	change := admin.PlanChange{Now: m.time(), Plan: copyPlan(plan), Units: m.unit}
	switch err := update(&change); {
	case errors.Is(err, admin.ErrUnchanged):
		return copyPlan(plan), nil
	case err != nil:
		return ration.Plan{}, err
	}
	return m.writePlan(change), nil
}

func (m *memory) writePlan(change admin.PlanChange) ration.Plan {
	plan := copyPlan(change.Plan)
	if normalized, err := plan.Normalize(); err == nil {
		plan = normalized
	}
	m.plans[plan.Name] = plan
	m.log(change.Audit)
	return copyPlan(plan)
}

func copyPlan(plan ration.Plan) ration.Plan {
	plan.Limits, plan.Next = slices.Clone(plan.Limits), slices.Clone(plan.Next)
	return plan
}

func (m *memory) DeletePlan(_ context.Context, name string, audit admin.AuditEntry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	if _, found := m.plans[name]; !found {
		return ration.ErrNotFound
	}
	for _, key := range m.keys {
		if key.Plan == name || key.NextPlan == name {
			return ration.ErrConflict
		}
	}
	delete(m.plans, name)
	m.log(audit)
	return nil
}

func (m *memory) ApplyPlans(ctx context.Context, apply func(*admin.PlansChange) error) error {
	plans, err := m.ListPlans(ctx, admin.NameFilter{})
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	change := admin.PlansChange{Now: m.time(), Plans: plans, KeysOf: m.keysOf, Meter: m.meter, Units: m.unit}
	switch err := apply(&change); {
	case errors.Is(err, admin.ErrUnchanged):
		return nil
	case err != nil:
		return err
	}
	for _, deletion := range change.Delete {
		if keys, _ := m.keysOf(deletion.Plan.Name); keys > 0 {
			return ration.ErrConflict
		}
	}
	for _, meter := range change.Meters {
		m.writeMeter(meter)
	}
	for _, written := range append(change.Create, change.Update...) {
		m.writePlan(written)
	}
	for _, deletion := range change.Delete {
		delete(m.plans, deletion.Plan.Name)
		m.log(deletion.Audit)
	}
	return nil
}

func (m *memory) GiveNextPlans(ctx context.Context) (int, error) {
	found, err := m.ListKeys(ctx, admin.KeyFilter{})
	if err != nil {
		return 0, err
	}
	var due []ration.KeyID
	for _, key := range found.Keys {
		if !key.NextPlanAt.IsZero() && !key.NextPlanAt.After(m.time().Add(-15*time.Minute)) {
			due = append(due, key.ID)
		}
	}
	_, err = m.UpdateKeys(ctx, due, admin.GiveNextPlan)
	return len(due), err
}

// nextPlan returns the plan that a key will have, zero for none.
func (m *memory) nextPlan(key *admin.KeyRecord) ration.Plan {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	return copyPlan(m.plans[key.NextPlan])
}

func (m *memory) keysOf(plan string) (keys int, err error) {
	for _, key := range m.keys {
		if key.Plan == plan || key.NextPlan == plan {
			keys++
		}
	}
	return keys, nil
}

func (m *memory) Plan(_ context.Context, name string) (ration.Plan, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	if plan, found := m.plans[name]; found {
		return copyPlan(plan), nil
	}
	return ration.Plan{}, ration.ErrNotFound
}
