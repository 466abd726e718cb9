package sqlite

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// By the primary key of refunds.
const (
	refundsOfMeter = "SELECT period, label, units FROM refunds WHERE api_key_id = ? AND meter = ? AND period <> 'lifetime'"

	moveRefunds = `INSERT INTO refunds (api_key_id, meter, period, label, units, created_at) VALUES (?,?,?,?,?,?)
		ON CONFLICT (api_key_id, meter, period, label) DO UPDATE SET units = units + min(excluded.units, ` + mostUnits + ` - units)`

	deleteRefunds = "DELETE FROM refunds WHERE api_key_id = ? AND meter = ? AND period = ? AND label = ?"
)

// refundsToRepair reads what was given back on a meter.
func (tx *tx) refundsToRepair(ctx context.Context, id ration.KeyID, meter *admin.MeterRecord) error {
	return tx.query(ctx, refundsOfMeter, []any{blob(id), meter.Meter}, func(r *row) error {
		period := ledger.RefundPeriod{Meter: meter.Meter, Period: ration.Period(r.text(0)), ID: ration.PeriodID(r.int(1))}
		meter.Refunded = append(meter.Refunded, ledger.PeriodRefunds{RefundPeriod: period, Units: r.int(2)})
		return nil
	})
}

func (tx *tx) moveRefunds(ctx context.Context, key []byte, moved []admin.RefundMove) error {
	for _, move := range moved {
		into := move.Into
		if err := tx.execOne(ctx, moveRefunds, key, into.Meter, string(into.Period), int64(into.ID), into.Units, micros(tx.now)); err != nil {
			return err
		}
		for _, from := range move.From {
			if err := tx.execOne(ctx, deleteRefunds, key, from.Meter, string(from.Period), int64(from.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}
