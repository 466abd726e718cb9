package storetest

import (
	"maps"
	"time"

	"github.com/ration-dev/ration"
)

// used is what a reservation counts as used on a meter now.
func (r *modelReservation) used(meter string) int64 {
	if r.told != nil {
		return r.told[meter]
	}
	if r.state == ration.ReservationExpired && r.keeps {
		return r.holds()[meter]
	}
	return 0
}

func (r *modelReservation) holds() map[string]int64 {
	held := map[string]int64{}
	for _, entry := range r.held {
		held[entry.meter] = entry.units
	}
	return held
}

func (r *modelReservation) expireIfDue(now time.Time) {
	if r.state == ration.ReservationOpen && !now.Before(r.expires) {
		r.state, r.ended = ration.ReservationExpired, now
	}
}

// end ends a reservation, or says why not.
func (k *modelKey) end(end ration.End, now time.Time) ration.Decision {
	decision := k.told(now)
	r := k.reservation(end.ID)
	if r == nil {
		decision.Code = ration.CodeReservationUnknown
		return decision
	}
	wasOpen, wasLate := r.state == ration.ReservationOpen, r.late
	r.expireIfDue(now)
	if end.Action != ration.EndExpire {
		decision.Code = k.tell(r, end, now)
	}
	decision.Replayed = decision.Code == ration.CodeOK && !wasOpen && r.late.Equal(wasLate)
	decision.Reservation = r.view(k.ID)
	return decision
}

// tell takes in what somebody says was used.
func (k *modelKey) tell(r *modelReservation, end ration.End, now time.Time) ration.Code {
	used, fits := r.claim(end)
	expired := r.state == ration.ReservationExpired
	switch {
	case r.state == ration.ReservationVoided && end.Action == ration.EndVoid:
		return ration.CodeOK
	case expired && r.late.IsZero() && now.Sub(r.expires) >= 24*time.Hour:
		return ration.CodeReservationExpired
	case r.state != ration.ReservationOpen && (!expired || !r.late.IsZero()): // somebody has said before
		if r.told == nil || !fits || !maps.Equal(used, r.told) || end.Action == ration.EndVoid && !expired {
			return ration.CodeReservationConflict
		}
		return ration.CodeOK
	case !fits:
		return ration.CodeSettlementTooLarge
	}
	if expired {
		r.late = now
	} else {
		r.ended = now
		r.state = ration.ReservationSettled
		if end.Action == ration.EndVoid {
			r.state = ration.ReservationVoided
			return ration.CodeOK
		}
	}
	r.told = used
	k.countBeyond(r)
	return ration.CodeOK
}

// claim is what an end says was used, and whether it may.
func (r *modelReservation) claim(end ration.End) (used map[string]int64, fits bool) {
	held := r.holds()
	used, fits = maps.Clone(held), true
	if end.Action == ration.EndVoid {
		for meter := range used {
			used[meter] = 0
		}
		return used, true
	}
	for _, amount := range end.Amounts {
		most, reserved := held[amount.Meter]
		units := amount.Units
		if end.Overage == ration.OverageClamp {
			units = min(units, most)
		}
		fits = fits && (units <= most || end.Overage == ration.OverageAllow)
		if reserved || units > 0 {
			used[amount.Meter] = units
		}
	}
	return used, fits
}

// countBeyond counts what was not reserved in the periods of the requests. A
// period gives way to a later one, of which nobody knows the end yet.
func (k *modelKey) countBeyond(r *modelReservation) {
	periodIDs := r.held[0].periods
	held := r.holds()
	for name := range r.told {
		if _, found := held[name]; found {
			continue
		}
		meter := k.meter(name)
		meter.beyond = append(meter.beyond, admission{at: r.made, periods: periodIDs, of: r, meter: name, epoch: meter.epoch})
		meter.usedAt(r.made)
		for i := range meter.running {
			if meter.running[i].id < periodIDs[i] {
				meter.running[i] = running{id: periodIDs[i]}
			}
		}
	}
}
