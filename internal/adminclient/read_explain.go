package adminclient

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

func readExplanation(e api.Explanation) (explanation admin.Explanation, err error) {
	explanation = admin.Explanation{At: e.At, PeriodZone: e.PeriodZone, Code: ration.Code(e.Code), RetryAfter: seconds(e.RetryAfter)}
	explanation.Key.Name, explanation.Key.Owner, explanation.Key.Plan = e.Key.Name, e.Key.Owner, e.Key.Plan
	if explanation.Key.ID, err = ration.ParseKeyID(e.Key.ID); err != nil {
		return explanation, err
	}
	if explanation.Limits, err = all(e.Limits, readLimitExplanation); err != nil {
		return explanation, err
	}
	explanation.Reservations, err = all(e.Reservations, readReservation)
	return explanation, err
}

// readLimitExplanation reads the limit from its text, which says all of it.
func readLimitExplanation(l api.LimitExplanation) (read admin.LimitExplanation, err error) {
	read = admin.LimitExplanation{Code: ration.Code(l.Code), RetryAfter: seconds(l.RetryAfter), Plan: l.Plan, Until: orZero(l.Until)}
	limit, err := ration.ParseLimit(l.Allows)
	if err != nil {
		return read, err
	}
	limit.Name = l.Name
	numbers := []api.Number{l.Used, l.Reserved, l.Remaining, l.Asked, api.Number(limit.Unit.Text(limit.Quantity)), api.Number(limit.Unit.Text(limit.Burst))}
	for _, hold := range l.Holds {
		numbers = append(numbers, hold.Units)
	}
	counts, unit, err := units(numbers...)
	if err != nil {
		return read, err
	}
	limit.Quantity, limit.Burst, limit.Unit = counts[4], counts[5], unit
	read.Asked = counts[3]
	read.LimitStatus = ration.LimitStatus{Limit: limit, Used: counts[0], Reserved: counts[1], Remaining: counts[2], ResetsAt: orZero(l.ResetsAt)}
	if l.Then != "" && l.Then != "unlimited" {
		then, err := ration.ParseLimit(l.Then)
		if err != nil {
			return read, err
		}
		read.Then = &then
	}
	read.Holds, err = all(l.Holds, func(h api.OpenHold) (admin.OpenHold, error) {
		id, err := ration.ParseReservationID(h.Reservation)
		return admin.OpenHold{Reservation: id, ExpiresAt: h.ExpiresAt}, err
	})
	for i := range read.Holds {
		read.Holds[i].Units = counts[6+i]
	}
	return read, err
}

func readReservation(r api.Reservation) (reservation ration.Reservation, err error) {
	reservation = ration.Reservation{
		State: ration.ReservationState(r.State), AtExpiry: ration.AtExpiry(r.AtExpiry),
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, EndedAt: orZero(r.EndedAt), LateAt: orZero(r.LateAt),
	}
	settled, err := readAmounts(r.Settled)
	if err != nil {
		return reservation, err
	}
	held, err := readAmounts(r.Held)
	if err != nil {
		return reservation, err
	}
	slices.SortFunc(held, func(a, b ration.Amount) int { return ration.CompareMeters(a.Meter, b.Meter) })
	reservation.Settled = settled
	for _, amount := range held {
		reservation.Held = append(reservation.Held, ration.Posting{Meter: amount.Meter, Units: amount.Units, Unit: amount.Unit})
	}
	if reservation.ID, err = ration.ParseReservationID(r.ID); err != nil {
		return reservation, err
	}
	reservation.KeyID, err = ration.ParseKeyID(r.Key)
	return reservation, err
}

func readAmounts(amounts map[string]api.Number) (read []ration.Amount, err error) {
	if amounts == nil {
		return nil, nil
	}
	read = []ration.Amount{}
	for meter, number := range amounts {
		one, err := amount(meter, number)
		if err != nil {
			return nil, err
		}
		read = append(read, one)
	}
	return read, nil
}

func seconds(s *int64) time.Duration {
	if s == nil {
		return 0
	}
	return time.Duration(*s) * time.Second
}
