package ledger

import (
	"iter"
	"slices"

	"github.com/ration-dev/ration"
)

// Units are the units of those meters that were given one. Any other meter counts
// whole numbers.
type Units map[string]ration.Unit

// tooMany is more units than any charge may have. It stands for an amount that can't
// be written in its meter's unit, so that every rule refuses it.
const tooMany = ration.MaxTotalUnits + 1

// In returns amounts in the units of their meters. What is finer is rounded up. It does
// not change the given slice, and returns it where nothing is to be changed.
func (u Units) In(amounts []ration.Amount) []ration.Amount {
	copied := false
	for i := range amounts {
		unit := u[amounts[i].Meter]
		if amounts[i].Unit == unit {
			continue
		}
		if !copied {
			amounts, copied = append([]ration.Amount(nil), amounts...), true
		}
		scaled, _, err := amounts[i].In(unit)
		if err != nil {
			scaled = ration.Amount{Meter: amounts[i].Meter, Units: tooMany, Unit: unit}
		}
		amounts[i] = scaled
	}
	return amounts
}

// TakeUnits gives the account the units of the meters that its items name, as they were
// read under the key's lock. Call it before the first item. If all of them count whole
// numbers, it need not be called.
func (a *Account) TakeUnits(units Units) {
	if len(units) == 0 && len(a.units) == 0 {
		return
	}
	a.units = units
	a.policy.Limits = slices.Clone(a.policy.Limits) // the store may remember the policy
	for i := range a.policy.Limits {
		if limit := &a.policy.Limits[i]; limit.Kind != ration.KindConcurrent {
			limit.Unit = units[limit.Meter]
		}
	}
}

// inUnits returns a charge with its amounts in the units of their meters.
func (a *Account) inUnits(charge *ration.Charge) *ration.Charge {
	amounts := a.units.In(charge.Amounts)
	if len(amounts) == 0 || &amounts[0] == &charge.Amounts[0] {
		return charge
	}
	scaled := *charge
	scaled.Amounts = amounts
	return &scaled
}

// NamesNewMeter reports whether an item may count on a meter of which the key has no
// row yet. Until there is one, somebody else may give the meter a unit.
func (a *Account) NamesNewMeter(item *ration.Item) bool {
	for meter := range MetersWithUnit(item) {
		if a.before.Meter(meter) == nil {
			return true
		}
	}
	return false
}

// MetersWithUnit goes through the meters that an item names and that may have a unit:
// all but requests.
func MetersWithUnit(item *ration.Item) iter.Seq[string] {
	return func(yield func(string) bool) {
		each := func(meter string) bool { return meter == ration.MeterRequests || yield(meter) }
		switch {
		case item.Charge != nil:
			eachAmount(item.Charge.Amounts, each)
		case item.End != nil:
			eachAmount(item.End.Amounts, each)
		case item.Refund != nil:
			for i := range item.Refund.Postings {
				if !each(item.Refund.Postings[i].Meter) {
					return
				}
			}
		}
	}
}

func eachAmount(amounts []ration.Amount, each func(meter string) bool) {
	for i := range amounts {
		if !each(amounts[i].Meter) {
			return
		}
	}
}
