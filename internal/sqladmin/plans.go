package sqladmin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// CreatePlan implements admin.Plans.
func (s *Store) CreatePlan(ctx context.Context, create func(*admin.PlanChange) error) (plan ration.Plan, err error) {
	err = s.writeOnce(ctx, "creating a plan", func(ctx context.Context, tx Tx) error {
		change := admin.PlanChange{Units: unitReader(ctx, tx)}
		if change.Now, err = tx.Now(ctx); err != nil {
			return err
		}
		if err := create(&change); err != nil {
			return err
		}
		var b Batch
		b.insertPlan(&change)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		plan, err = readPlan(ctx, tx, change.Plan.Name)
		return err
	}, func() any { return plan })
	if err != nil {
		return ration.Plan{}, err
	}
	return plan, nil
}

// UpdatePlan implements admin.Plans. A plan keeps its name.
func (s *Store) UpdatePlan(ctx context.Context, name string, update func(*admin.PlanChange) error) (plan ration.Plan, err error) {
	err = s.db.Write(ctx, "changing a plan", func(ctx context.Context, tx Tx) error {
		if err := tx.LockPlan(ctx, name); err != nil {
			return err
		}
		change := admin.PlanChange{Units: unitReader(ctx, tx)}
		if change.Now, err = tx.Now(ctx); err != nil {
			return err
		}
		if plan, err = readPlan(ctx, tx, name); err != nil {
			return err
		}
		change.Plan = plan
		change.Plan.Limits, change.Plan.Next = slices.Clone(plan.Limits), slices.Clone(plan.Next)
		if err := update(&change); err != nil {
			return err // with admin.ErrUnchanged plan is the answer
		}
		change.Plan.Name = name
		var b Batch
		b.updatePlan(&change)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		plan, err = readPlan(ctx, tx, name)
		return err
	})
	if err != nil {
		return ration.Plan{}, err
	}
	return plan, nil
}

// DeletePlan implements admin.Plans. Its limits go with it.
func (s *Store) DeletePlan(ctx context.Context, name string, audit admin.AuditEntry) error {
	return s.db.Write(ctx, "deleting a plan", func(ctx context.Context, tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var b Batch
		b.deletePlan(name, audit, now)
		return tx.Run(ctx, &b)
	})
}

// Plan implements admin.Plans.
func (s *Store) Plan(ctx context.Context, name string) (plan ration.Plan, err error) {
	err = s.db.Read(ctx, "reading a plan", func(ctx context.Context, r Reader) error {
		plan, err = readPlan(ctx, r, name)
		return err
	})
	return plan, err
}

// ListPlans implements admin.Plans.
func (s *Store) ListPlans(ctx context.Context, filter admin.NameFilter) (plans []ration.Plan, err error) {
	err = s.db.Read(ctx, "listing plans", func(ctx context.Context, r Reader) error {
		where, by := namesWhere(r, filter)
		plans, err = readPlans(ctx, r, where, by, LimitOr(filter.Limit, int(AllRows)))
		return err
	})
	return plans, err
}

// namesWhere returns what selects and sorts rows by their column name.
func namesWhere(r Reader, filter admin.NameFilter) (where Where, by order) {
	by = order{[]string{r.Bytewise("name")}, filter.Descending}
	if filter.After != "" {
		where.after(by, filter.After)
	}
	return where, by
}

// readPlan returns a plan, or ration.ErrNotFound.
func readPlan(ctx context.Context, r Reader, name string) (ration.Plan, error) {
	var where Where
	where.And("name = ?", name)
	plans, err := readPlans(ctx, r, where, order{columns: []string{"name"}}, 1)
	switch {
	case err != nil:
		return ration.Plan{}, err
	case len(plans) == 0:
		return ration.Plan{}, fmt.Errorf("plan %q: %w", name, ration.ErrNotFound)
	}
	return plans[0], nil
}

// readPlans returns plans in the order of the bytes of their names, with their limits as
// Plan.Normalize sorts them. The primary keys of plans and plan_limits serve it, except
// for the order where the database's is another: plans are few.
func readPlans(ctx context.Context, r Reader, where Where, by order, limit Limit) (plans []ration.Plan, err error) {
	sql := `SELECT p.name, p.time_zone, p.created_at, p.updated_at, p.unlimited, l.meter, l.kind, l.period, l.name, l.quantity, l.burst, l.since, ` + decimalsOf("l.meter") + `
		FROM (SELECT name, time_zone, created_at, updated_at, unlimited FROM plans` + where.SQL() + by.SQL() + ` LIMIT ?) p
		LEFT JOIN plan_limits l ON l.plan = p.name ORDER BY p.name`
	err = r.Query(ctx, sql, func(row Row) {
		plan := ration.Plan{Name: row.Text(), TimeZone: row.Text(), CreatedAt: row.Time(), UpdatedAt: row.Time(), Unlimited: row.Bool()}
		if len(plans) == 0 || plans[len(plans)-1].Name != plan.Name {
			plans = append(plans, plan)
		}
		limit, since := readLimit(row), row.Time()
		if limit = readUnitOf(limit, row); limit.Meter != "" {
			ledger.AddLimit(&plans[len(plans)-1], limit, since)
		}
	}, where.With(limit)...)
	for i := range plans {
		plans[i].Limits = ledger.EffectiveLimits(plans[i].Limits, nil, time.Time{}) // sorts
	}
	slices.SortFunc(plans, func(a, b ration.Plan) int { return by.compare(a.Name, b.Name) })
	return plans, err
}

// readLimit reads meter, kind, period, name, quantity and burst; all are NULL where
// there is no limit.
func readLimit(row Row) ration.Limit {
	return ration.Limit{
		Meter: row.Text(), Kind: ration.Kind(row.Text()), Period: ration.Period(row.Text()),
		Name: row.Text(), Quantity: row.Int(), Burst: row.Int(),
	}
}

func (b *Batch) insertPlan(change *admin.PlanChange) {
	plan := &change.Plan
	b.AddOne(Meaning{Taken: fmt.Errorf("plan %q: %w", plan.Name, ration.ErrExists)},
		"INSERT INTO plans (name, time_zone, unlimited, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
		plan.Name, plan.TimeZone, plan.Unlimited, plan.CreatedAt, plan.UpdatedAt)
	b.insertPlanParts(change)
}

func (b *Batch) updatePlan(change *admin.PlanChange) {
	plan := &change.Plan
	b.AddOne(Meaning{}, "UPDATE plans SET time_zone = ?, unlimited = ?, updated_at = ? WHERE name = ?",
		plan.TimeZone, plan.Unlimited, plan.UpdatedAt, plan.Name)
	b.Add("DELETE FROM plan_limits WHERE plan = ?", plan.Name)
	b.insertPlanParts(change)
}

func (b *Batch) deletePlan(name string, audit admin.AuditEntry, now time.Time) {
	b.AddOne(Meaning{
		Referred: fmt.Errorf("plan %q still has keys: %w", name, ration.ErrConflict),
		Missing:  fmt.Errorf("plan %q: %w", name, ration.ErrNotFound),
	}, "DELETE FROM plans WHERE name = ?", name)
	b.Audit(audit, now)
}

const insertPlanLimit = "INSERT INTO plan_limits (plan, meter, kind, period, name, quantity, burst, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

func planLimitValues(plan string, limit ration.Limit) []any {
	return []any{plan, limit.Meter, string(limit.Kind), string(limit.Period), limit.Name, limit.Quantity, limit.Burst}
}

// insertPlanParts adds the limits and the audit entry of a change.
func (b *Batch) insertPlanParts(change *admin.PlanChange) {
	name := change.Plan.Name
	twice := Meaning{Taken: fmt.Errorf("plan %q has two limits for one meter, kind and period: %w", name, ration.ErrExists)}
	for _, limit := range change.Plan.Limits {
		b.AddOne(twice, insertPlanLimit, append(planLimitValues(name, limit), nil)...)
	}
	numbers := make(map[ration.LimitKey]int)
	for i := range change.Plan.Next {
		next := &change.Plan.Next[i]
		numbers[next.Key()]++
		stored := ledger.StoredNext(next.Limit, next.Removed, numbers[next.Key()])
		b.AddOne(twice, insertPlanLimit, append(planLimitValues(name, stored), next.Since)...)
	}
	b.Audit(change.Audit, change.Now)
}
