package sqladmin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// ResetUsage implements admin.Usage. Plans are read after the key's lock, as decisions
// read them.
func (s *Store) ResetUsage(ctx context.Context, id ration.KeyID, reset func(*admin.UsageReset) error) error {
	return s.writeOnce(ctx, "resetting usage", func(ctx context.Context, tx Tx) error {
		if err := tx.LockKeys(ctx, []ration.KeyID{id}); err != nil {
			return err
		}
		change, err := usageToReset(ctx, tx, id)
		if err != nil {
			return err
		}
		before := change.Usage.Clone()
		if err := reset(&change); err != nil {
			return err
		}
		b := new(Batch)
		for i := range change.Usage {
			b.resetMeter(id, &before[i], &change.Usage[i])
		}
		b.Audit(change.Audit, change.Now)
		return tx.Run(ctx, b)
	}, func() any { return struct{}{} })
}

// usageToReset reads what a reset depends on, of a key that is locked.
func usageToReset(ctx context.Context, tx Tx, id ration.KeyID) (change admin.UsageReset, err error) {
	if change.Now, err = tx.Now(ctx); err != nil {
		return change, err
	}
	records, err := readKeysByID(ctx, tx, []ration.KeyID{id})
	if err != nil {
		return change, err
	}
	change.Key = records[0]
	if change.Key.Plan != "" {
		if change.Plans.Now, err = readPlan(ctx, tx, change.Key.Plan); err != nil {
			return change, err
		}
	}
	if change.Key.NextPlan != "" {
		if change.Plans.Next, err = readPlan(ctx, tx, change.Key.NextPlan); err != nil {
			return change, err
		}
	}
	usage, err := tx.Usage(ctx, []ration.KeyID{id})
	change.Usage = usage[id]
	return change, err
}

// resetMeter writes what a reset changes on a meter: a rate that was reset has none of
// its state, and others keep theirs. The primary key of key_usage serves it.
func (b *Batch) resetMeter(id ration.KeyID, before, after *ledger.MeterUsage) {
	b.AddOne(Meaning{}, "UPDATE key_usage SET resets = ?, shifted = ? WHERE api_key_id = ? AND meter = ?",
		orNullText(storedjson.Resets(&after.Resets)), orNullText(storedjson.Shifted(after.Shifted)), id, after.Meter)
	columns := [len(after.Rates)]string{"second_rate", "minute_rate"}
	for i, rate := range after.Rates {
		if rate != before.Rates[i] {
			never, name := time.Unix(0, 0), columns[i]
			b.AddOne(Meaning{}, "UPDATE key_usage SET "+name+"_tat = ?, "+name+"_rest = 0, "+name+"_quantity = 0, "+name+"_quantity_tat = ? WHERE api_key_id = ? AND meter = ?", never, never, id, after.Meter)
		}
	}
}
