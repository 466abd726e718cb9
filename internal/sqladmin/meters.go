package sqladmin

import (
	"context"
	"fmt"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// MeterSchema is the version of the schema that a build must know once a meter counts
// something else than whole numbers: one that does not would take its counts for them.
const MeterSchema = 15

const meterColumns = "name, decimals, created_at, updated_at"

// decimalsOf reads the decimal places of the unit of a limit's meter.
func decimalsOf(meter string) string {
	return "(SELECT m.decimals FROM meters m WHERE m.name = " + meter + ")"
}

// SetMeter implements admin.Meters.
func (s *Store) SetMeter(ctx context.Context, name string, set func(*admin.MeterChange) error) (meter admin.Meter, err error) {
	err = s.db.Write(ctx, "setting a meter's unit", func(ctx context.Context, tx Tx) error {
		change, err := meterToSet(ctx, tx, name)
		if err != nil {
			return err
		}
		meter = change.Meter
		if err := set(&change); err != nil {
			return err // with admin.ErrUnchanged meter is the answer
		}
		meter = change.Meter
		var b Batch
		b.setMeter(&change)
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return admin.Meter{}, err
	}
	return meter, nil
}

// ListMeters implements admin.Meters.
func (s *Store) ListMeters(ctx context.Context, filter admin.NameFilter) (meters []admin.Meter, err error) {
	err = s.db.Read(ctx, "listing meters", func(ctx context.Context, r Reader) error {
		where, by := namesWhere(r, filter)
		meters, err = readMeters(ctx, r, where, by, LimitOr(filter.Limit, int(AllRows)))
		return err
	})
	return meters, err
}

// readMeters returns meters. Where the order of bytes is not the database's, it sorts
// them: meters are few.
func readMeters(ctx context.Context, r Reader, where Where, by order, limit Limit) (meters []admin.Meter, err error) {
	err = r.Query(ctx, "SELECT "+meterColumns+" FROM meters"+where.SQL()+by.SQL()+" LIMIT ?", func(row Row) {
		meter := admin.Meter{MeterUnit: admin.MeterUnit{Name: row.Text(), Unit: readUnit(row)}, CreatedAt: row.Time(), UpdatedAt: row.Time()}
		meters = append(meters, meter)
	}, where.With(limit)...)
	return meters, err
}

// readMeterNamed returns a meter, or none if it has no unit of its own.
func readMeterNamed(ctx context.Context, r Reader, name string) ([]admin.Meter, error) {
	var where Where
	where.And("name = ?", name)
	return readMeters(ctx, r, where, order{columns: []string{"name"}}, 1)
}

// readUnit reads decimal places; NULL is the unit of whole numbers.
func readUnit(row Row) ration.Unit {
	decimals := row.Int()
	if decimals < 0 || decimals > int64(ration.MinUnit) {
		row.Fail(fmt.Errorf("a unit with %d decimal places", decimals))
	}
	return ration.Unit(decimals)
}

// readUnitOf completes a limit with what decimalsOf reads. A concurrent limit counts
// charges, whatever the unit of its meter; one that starts later has the period " from next".
func readUnitOf(limit ration.Limit, row Row) ration.Limit {
	if unit := readUnit(row); limit.Kind != ration.KindConcurrent && !strings.HasPrefix(string(limit.Period), " from next") {
		limit.Unit = unit
	}
	return limit
}

// meterToSet locks a meter and reads it.
func meterToSet(ctx context.Context, tx Tx, name string) (change admin.MeterChange, err error) {
	if err := tx.LockMeter(ctx, name, true); err != nil {
		return change, err
	}
	if change.Now, err = tx.Now(ctx); err != nil {
		return change, err
	}
	meters, err := readMeterNamed(ctx, tx, name)
	if err != nil {
		return change, err
	}
	change.Meter.Name = name
	if len(meters) > 0 {
		change.Meter = meters[0]
	}
	change.CountedBy, err = countedBy(ctx, tx, name)
	return change, err
}

// countedBy returns something that counts on a meter, in words. No index serves it: a
// meter gets its unit once, and charges don't wait for this.
func countedBy(ctx context.Context, r Reader, meter string) (found string, err error) {
	key := func(what string) func(Row) {
		return func(row Row) { found = ration.KeyID(row.ID()).String() + what }
	}
	for _, place := range []struct {
		sql string
		say func(Row)
	}{
		{"SELECT plan FROM plan_limits WHERE meter = ? AND kind <> 'concurrent' LIMIT 1", func(row Row) { found = fmt.Sprintf("plan %q has a limit on it", row.Text()) }},
		{"SELECT api_key_id FROM api_key_limits WHERE meter = ? AND kind <> 'concurrent' LIMIT 1", key(" has a limit on it")},
		{"SELECT api_key_id FROM api_key_limits_beneath WHERE meter = ? AND kind <> 'concurrent' LIMIT 1", key(" has a limit on it, beneath a temporary one")},
		{"SELECT api_key_id FROM key_usage WHERE meter = ? LIMIT 1", key(" was charged on it")},
	} {
		if err := r.Query(ctx, place.sql, place.say, meter); err != nil || found != "" {
			return found, err
		}
	}
	return "", nil
}

// setMeter writes a meter's unit. The first one that isn't 1 marks the schema.
func (b *Batch) setMeter(change *admin.MeterChange) {
	meter := &change.Meter
	b.AddOne(Meaning{}, `INSERT INTO meters (`+meterColumns+`) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET decimals = excluded.decimals, updated_at = excluded.updated_at`,
		meter.Name, int64(meter.Unit), meter.CreatedAt, meter.UpdatedAt)
	if meter.Unit > 0 {
		b.Add("UPDATE schema_compatibility SET least_version = ? WHERE least_version < ?", int64(MeterSchema), int64(MeterSchema))
	}
	b.Audit(change.Audit, change.Now)
}

// unitReader reads units as the transaction sees them, each once.
func unitReader(ctx context.Context, tx Tx) admin.UnitReader {
	units := make(map[string]ration.Unit)
	return func(meter string) (ration.Unit, error) {
		if unit, known := units[meter]; known || meter == ration.MeterRequests {
			return unit, nil
		}
		if err := tx.LockMeter(ctx, meter, false); err != nil {
			return 0, err
		}
		meters, err := readMeterNamed(ctx, tx, meter)
		if len(meters) > 0 {
			units[meter] = meters[0].Unit
		} else if err == nil {
			units[meter] = 0
		}
		return units[meter], err
	}
}

// UnitsOf returns the units of meters, and keeps others from changing them until the
// transaction ends.
func UnitsOf(ctx context.Context, tx Tx, meters []string) (ledger.Units, error) {
	read, units := unitReader(ctx, tx), make(ledger.Units, len(meters))
	for _, meter := range meters {
		unit, err := read(meter)
		if err != nil {
			return nil, err
		}
		units[meter] = unit
	}
	return units, nil
}
