package storetest_test

import (
	"context"
	"errors"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

func (m *memory) SetMeter(_ context.Context, name string, set func(*admin.MeterChange) error) (admin.Meter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	change, _ := m.meter(name)
	before := change.Meter
	switch err := set(&change); {
	case errors.Is(err, admin.ErrUnchanged):
		return before, nil
	case err != nil:
		return admin.Meter{}, err
	}
	m.writeMeter(change)
	return change.Meter, nil
}

func (m *memory) meter(name string) (admin.MeterChange, error) {
	change := admin.MeterChange{Now: m.time(), Meter: m.meters[name], CountedBy: m.countedBy(name)}
	change.Meter.Name = name
	return change, nil
}

func (m *memory) writeMeter(change admin.MeterChange) {
	m.meters[change.Meter.Name] = change.Meter
	m.log(change.Audit)
}

func (m *memory) countedBy(meter string) string {
	counts := func(limit ration.Limit) bool { return limit.Meter == meter && limit.Kind != ration.KindConcurrent }
	if m.fault == changesUnitsInUse {
		return ""
	}
	for name, plan := range m.plans {
		if slices.ContainsFunc(plan.Limits, counts) {
			return "plan " + name + " has a limit on it"
		}
	}
	for id, key := range m.keys {
		if slices.ContainsFunc(key.Overrides, func(o ration.Override) bool { return counts(o.Limit) }) || m.usage[id].Meter(meter) != nil {
			return id.String() + " counts on it"
		}
	}
	return ""
}

func (m *memory) unit(meter string) (ration.Unit, error) { return m.meters[meter].Unit, nil }

// units returns the units of all meters.
func (m *memory) units() ledger.Units {
	units := make(ledger.Units)
	for name, meter := range m.meters {
		units[name] = meter.Unit
	}
	if m.fault == forgetsUnits {
		return nil
	}
	return units
}
