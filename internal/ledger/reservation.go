package ledger

import (
	"slices"

	"github.com/ration-dev/ration"
)

// settlement returns what a reservation uses if it is settled with amounts: one
// amount per meter that was reserved or used, requests first. Fits says whether every
// amount is within what was reserved; with OverageClamp it always is.
func settlement(r *ration.Reservation, amounts []ration.Amount, over ration.Overage) (used []ration.Amount, fits bool) {
	fits = true
	for i := range r.Held {
		held := &r.Held[i]
		units := held.Units
		if j := indexOfMeter(amounts, held.Meter); j >= 0 {
			units = amounts[j].Units
		}
		if units > held.Units && over == ration.OverageClamp {
			units = held.Units
		}
		fits = fits && units <= held.Units
		used = append(used, ration.Amount{Meter: held.Meter, Units: units, Unit: held.Unit})
	}
	for _, amount := range amounts {
		if heldOn(r, amount.Meter) == nil && over != ration.OverageClamp && amount.Units > 0 {
			fits = false
			used = append(used, amount)
		}
	}
	slices.SortFunc(used, func(a, b ration.Amount) int { return ration.CompareMeters(a.Meter, b.Meter) })
	return used, fits
}

// heldOn returns what is reserved on a meter, or nil.
func heldOn(r *ration.Reservation, meter string) *ration.Posting {
	for i := range r.Held {
		if r.Held[i].Meter == meter {
			return &r.Held[i]
		}
	}
	return nil
}

// counted returns the units that the reservation now counts as used on a meter.
func counted(r *ration.Reservation, meter string) int64 {
	switch {
	case r.State == ration.ReservationOpen, r.State == ration.ReservationVoided:
		return 0
	case r.Settled != nil:
		if i := indexOfMeter(r.Settled, meter); i >= 0 {
			return r.Settled[i].Units
		}
		return 0
	case r.AtExpiry == ration.AtExpiryRelease:
		return 0
	}
	if held := heldOn(r, meter); held != nil {
		return held.Units
	}
	return 0
}

// standing returns the units that the reservation now holds or counts as used on a
// meter.
func standing(r *ration.Reservation, meter string) int64 {
	if held := heldOn(r, meter); held != nil && r.State == ration.ReservationOpen {
		return held.Units
	}
	return counted(r, meter)
}

// clone returns a copy that later ends don't change. Held, Settled and Limits are
// never changed in place.
func clone(r *ration.Reservation) *ration.Reservation {
	copied := *r
	return &copied
}

func indexOfMeter(amounts []ration.Amount, meter string) int {
	return slices.IndexFunc(amounts, func(a ration.Amount) bool { return a.Meter == meter })
}

// nothing returns the amounts that remain after a void: 0 on each meter.
func nothing(r *ration.Reservation) []ration.Amount {
	used := make([]ration.Amount, len(r.Held))
	for i := range r.Held {
		used[i].Meter, used[i].Unit = r.Held[i].Meter, r.Held[i].Unit
	}
	return used
}

// judgeRepetition says whether an end is the same as the one that ended the
// reservation.
func judgeRepetition(r *ration.Reservation, end *ration.End) ration.Code {
	same := false
	switch end.Action {
	case ration.EndVoid:
		same = r.State == ration.ReservationVoided || r.State == ration.ReservationExpired && !slices.ContainsFunc(r.Settled, func(a ration.Amount) bool { return a.Units != 0 })
	case ration.EndSettle:
		used, fits := settlement(r, end.Amounts, end.Overage)
		same = r.Settled != nil && slices.Equal(used, r.Settled) && (fits || end.Overage == ration.OverageAllow)
	case ration.EndExpire:
		return ration.CodeOK // somebody else expired it first
	}
	if !same {
		return ration.CodeReservationConflict
	}
	return ration.CodeOK
}
