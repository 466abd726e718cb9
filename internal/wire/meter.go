package wire

import (
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Meter returns a meter with its unit.
func Meter(meter admin.Meter) api.Meter {
	return api.Meter{Name: meter.Name, Unit: api.Number(meter.Unit.String()), CreatedAt: meter.CreatedAt.UTC(), UpdatedAt: meter.UpdatedAt.UTC()}
}

// Meters returns meters.
func Meters(meters []admin.Meter) []api.Meter { return convert(meters, Meter) }

// MeterChanges returns what became of meters that were applied.
func MeterChanges(applied []admin.MeterApplied) []api.MeterChange {
	return convert(applied, func(change admin.MeterApplied) api.MeterChange {
		wire := api.MeterChange{Action: string(change.Action), After: Meter(change.After)}
		if !change.Before.CreatedAt.IsZero() {
			wire.Before = new(Meter(change.Before))
		}
		return wire
	})
}
