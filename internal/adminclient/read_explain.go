package adminclient

import (
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
	read = admin.LimitExplanation{Asked: l.Asked, Code: ration.Code(l.Code), RetryAfter: seconds(l.RetryAfter), Plan: l.Plan, Until: orZero(l.Until)}
	limit, err := ration.ParseLimit(l.Allows)
	if err != nil {
		return read, err
	}
	limit.Name = l.Name
	read.LimitStatus = ration.LimitStatus{Limit: limit, Used: l.Used, Reserved: l.Reserved, Remaining: l.Remaining, ResetsAt: orZero(l.ResetsAt)}
	if l.Then != "" && l.Then != "unlimited" {
		then, err := ration.ParseLimit(l.Then)
		if err != nil {
			return read, err
		}
		read.Then = &then
	}
	read.Holds, err = all(l.Holds, func(h api.OpenHold) (admin.OpenHold, error) {
		id, err := ration.ParseReservationID(h.Reservation)
		return admin.OpenHold{Reservation: id, Units: h.Units, ExpiresAt: h.ExpiresAt}, err
	})
	return read, err
}

func readReservation(r api.Reservation) (reservation ration.Reservation, err error) {
	reservation = ration.Reservation{
		State: ration.ReservationState(r.State), AtExpiry: ration.AtExpiry(r.AtExpiry), Held: readHeld(r.Held), Settled: readAmounts(r.Settled),
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, EndedAt: orZero(r.EndedAt), LateAt: orZero(r.LateAt),
	}
	if reservation.ID, err = ration.ParseReservationID(r.ID); err != nil {
		return reservation, err
	}
	reservation.KeyID, err = ration.ParseKeyID(r.Key)
	return reservation, err
}

func readHeld(amounts map[string]int64) []ration.Posting {
	var held []ration.Posting
	for meter, units := range amounts {
		held = append(held, ration.Posting{Meter: meter, Units: units})
	}
	return held
}

func readAmounts(amounts map[string]int64) []ration.Amount {
	if amounts == nil {
		return nil
	}
	read := []ration.Amount{}
	for meter, units := range amounts {
		read = append(read, ration.Amount{Meter: meter, Units: units})
	}
	return read
}

func seconds(s *int64) time.Duration {
	if s == nil {
		return 0
	}
	return time.Duration(*s) * time.Second
}
