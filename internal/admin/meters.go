package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// MeterChange is a meter within a transaction.
type MeterChange struct {
	Now   time.Time
	Meter Meter // as read; without times if it has no unit of its own. To be changed in place
	// CountedBy is something that counts on the meter, in words: a key with usage, or
	// whoever has a limit. Empty: nothing does, so the unit may change.
	CountedBy string
	Audit     AuditEntry // to be filled in
}

// UnitReader returns the unit of a meter as a transaction sees it, and keeps others
// from changing it until the transaction ends.
type UnitReader func(meter string) (ration.Unit, error)

// SetMeter gives a meter its unit.
func (s *Service) SetMeter(ctx context.Context, actor string, meter MeterUnit) (Meter, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return Meter{}, err
	}
	if err := validateMeterUnit(meter); err != nil {
		return Meter{}, err
	}
	return s.store.SetMeter(ctx, meter.Name, func(change *MeterChange) error { return setUnit(by, meter.Unit, change) })
}

// ListMeters returns the meters that were given a unit, by name.
func (s *Service) ListMeters(ctx context.Context, filter NameFilter) ([]Meter, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	return s.store.ListMeters(ctx, filter)
}

func validateMeterUnit(meter MeterUnit) error {
	if err := ration.ValidateMeter(meter.Name); err != nil {
		return err
	}
	if meter.Name == ration.MeterRequests && meter.Unit != 0 {
		return &ration.InvalidError{Field: "unit", Value: meter.Unit.String(), Reason: "requests are counted one by one; use a meter of your own"}
	}
	return meter.Unit.Validate()
}

func validateMeterUnits(meters []MeterUnit) error {
	named := make(map[string]bool, len(meters))
	for _, meter := range meters {
		if err := validateMeterUnit(meter); err != nil {
			return err
		}
		if named[meter.Name] {
			return &ration.InvalidError{Field: "meters", Value: meter.Name, Reason: "name each meter once"}
		}
		named[meter.Name] = true
	}
	return nil
}

// setUnit gives a meter its unit within a transaction. What is stored are whole numbers
// of units, so their meaning would change if something counted already.
func setUnit(by author, unit ration.Unit, change *MeterChange) (err error) {
	before := fields{}
	if meter := &change.Meter; !meter.CreatedAt.IsZero() {
		before["unit"] = meter.Unit.String()
		if meter.Unit == unit {
			return ErrUnchanged
		}
	}
	name := change.Meter.Name
	if change.Meter.Unit != unit && change.CountedBy != "" {
		return fmt.Errorf("%w: the unit of the meter %s stays %s, because %s; use a new meter for another unit",
			ration.ErrConflict, name, change.Meter.Unit, change.CountedBy)
	}
	if change.Meter.CreatedAt.IsZero() {
		change.Meter.CreatedAt = change.Now
	}
	change.Meter.Unit, change.Meter.UpdatedAt = unit, change.Now
	change.Audit, err = by.audit("meter.set", "meter:"+name, before, fields{"unit": unit.String()})
	return err
}

// units returns the units of all meters that have one of their own.
func (s *Service) units(ctx context.Context) (ledger.Units, error) {
	meters, err := s.store.ListMeters(ctx, NameFilter{})
	units := make(ledger.Units, len(meters))
	for _, meter := range meters {
		units[meter.Name] = meter.Unit
	}
	return units, err
}

// patchIn returns a patch whose limits are in the units of their meters.
func patchIn(units UnitReader, p *PlanPatch) (*PlanPatch, error) {
	scaled := *p
	scaled.SetLimits = make([]ration.Limit, len(p.SetLimits))
	for i, limit := range p.SetLimits {
		var err error
		if scaled.SetLimits[i], err = limit.Normalize(); err != nil {
			return nil, err
		}
	}
	_, err := limitsIn(units, scaled.SetLimits)
	return &scaled, err
}

// limitsIn returns limits in the units of their meters, as they are stored.
func limitsIn(units UnitReader, limits []ration.Limit) ([]ration.Limit, error) {
	for i := range limits {
		unit, err := units(limits[i].Meter)
		if err != nil {
			return nil, err
		}
		if limits[i], err = limits[i].In(unit); err != nil {
			return nil, err
		}
	}
	return limits, nil
}
