package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// By the primary key of meters.
var meterUnits = newListQuery("SELECT name, decimals FROM meters WHERE name IN (?)")

// readUnits gives the accounts the units of the meters that items name. Items that name
// requests alone cost no query.
func (tx *tx) readUnits(ctx context.Context, items []ration.Item, accounts map[ration.KeyID]*ledger.Account) error {
	var named []string
	for i := range items {
		for meter := range ledger.MetersWithUnit(&items[i]) {
			if !slices.Contains(named, meter) {
				named = append(named, meter)
			}
		}
	}
	if named == nil {
		return nil
	}
	units := make(ledger.Units)
	if err := tx.unitsOf(ctx, named, units); err != nil {
		return fmt.Errorf("reading the units of meters: %w", err)
	}
	for _, account := range accounts {
		account.TakeUnits(units)
	}
	return nil
}

// unitsOf gives units those of meters, and reads the ones that it does not remember.
func (tx *tx) unitsOf(ctx context.Context, meters []string, units ledger.Units) error {
	var others []string
	for _, meter := range meters {
		switch m, known := tx.memory.units[meter]; {
		case !known:
			others = append(others, meter)
		case m.given:
			units[meter] = m.unit
		}
	}
	err := queryList(ctx, tx.conn, meterUnits, others, func(r *row) error {
		decimals := r.int(1)
		if decimals < 0 || decimals > int64(ration.MinUnit) {
			return fmt.Errorf("meter %q: a unit with %d decimal places", r.text(0), decimals)
		}
		units[r.text(0)] = ration.Unit(decimals)
		return nil
	})
	if err != nil {
		return err
	}
	for _, meter := range others {
		unit, given := units[meter]
		tx.memory.addUnit(meter, meterUnit{unit, given})
	}
	return nil
}
