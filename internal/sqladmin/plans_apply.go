package sqladmin

import (
	"context"

	"github.com/ration-dev/ration/internal/admin"
)

// ApplyPlans implements admin.Plans. The plans are locked in the order of their names,
// so two that apply at the same time don't wait for each other.
func (s *Store) ApplyPlans(ctx context.Context, apply func(*admin.PlansChange) error) error {
	return s.db.Write(ctx, "applying plans", func(ctx context.Context, tx Tx) error {
		before, err := readPlans(ctx, tx, Where{}, order{columns: []string{"name"}}, AllRows)
		if err != nil {
			return err
		}
		for _, plan := range before {
			if err := tx.LockPlan(ctx, plan.Name); err != nil {
				return err
			}
		}
		change := admin.PlansChange{
			KeysOf: func(name string) (int, error) { return keysOfPlan(ctx, tx, name) },
			Meter:  func(name string) (admin.MeterChange, error) { return meterToSet(ctx, tx, name) },
			Units:  unitReader(ctx, tx),
		}
		if change.Now, err = tx.Now(ctx); err != nil {
			return err
		}
		if change.Plans, err = readPlans(ctx, tx, Where{}, order{columns: []string{"name"}}, AllRows); err != nil {
			return err
		}
		if err := apply(&change); err != nil {
			return err
		}
		var b Batch
		for i := range change.Meters {
			b.setMeter(&change.Meters[i])
		}
		for i := range change.Create {
			b.insertPlan(&change.Create[i])
		}
		for i := range change.Update {
			b.updatePlan(&change.Update[i])
		}
		for i := range change.Delete {
			b.deletePlan(change.Delete[i].Plan.Name, change.Delete[i].Audit, change.Now)
		}
		return tx.Run(ctx, &b)
	})
}

// keysOfPlan counts keys that have a plan, or will have it, by the indexes api_keys_plan and
// api_key_limits_plan.
func keysOfPlan(ctx context.Context, r Reader, name string) (keys int, err error) {
	err = r.Query(ctx, "SELECT COUNT(*) FROM (SELECT id FROM api_keys WHERE plan = ? UNION SELECT api_key_id FROM api_key_limits WHERE plan = ?) AS counted", func(row Row) { keys = int(row.Int()) }, name, name)
	return keys, err
}
