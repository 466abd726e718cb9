package sqlite

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	// hoursToRepair uses the index usage_hours_key.
	hoursToRepair = "SELECT hour, used, given_back, denied FROM usage_hours WHERE api_key_id = ? AND hour >= ? AND meter = ?"

	// deleteHour uses the primary key of usage_hours.
	deleteHour = "DELETE FROM usage_hours WHERE hour = ? AND api_key_id = ? AND meter = ?"
)

// hoursToRepair reads the hours of a meter that may not have begun.
func (tx *tx) hoursToRepair(ctx context.Context, id ration.KeyID, meter *admin.MeterRecord) error {
	values := []any{blob(id), hourValue(ration.HourID(tx.now)), meter.Meter}
	return tx.query(ctx, hoursToRepair, values, func(r *row) error {
		meter.Hours = append(meter.Hours, r.hourCount(0))
		return nil
	})
}

func (tx *tx) deleteHours(ctx context.Context, key []byte, meter *admin.MeterRecord) error {
	for _, hour := range meter.HoursFrom {
		if err := tx.execOne(ctx, deleteHour, hourValue(hour), key, meter.Meter); err != nil {
			return err
		}
	}
	return nil
}
