package wire

import (
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Explanation returns why a charge would be decided as it would be.
func Explanation(e admin.Explanation) api.Explanation {
	return api.Explanation{
		Key: api.Key{ID: e.Key.ID.String(), Name: e.Key.Name, Owner: e.Key.Owner, Plan: e.Key.Plan},
		At:  e.At.UTC(), PeriodZone: e.PeriodZone, Allowed: e.Code == ration.CodeOK, Code: string(e.Code), RetryAfter: Seconds(e.RetryAfter),
		Limits: convert(e.Limits, limitExplanation), Reservations: convert(e.Reservations, Reservation),
	}
}

// Reservation returns a reservation as it stands.
func Reservation(r ration.Reservation) api.Reservation {
	wire := api.Reservation{
		ID: r.ID.String(), Key: r.KeyID.String(), State: string(r.State), AtExpiry: string(r.AtExpiry), Held: map[string]api.Number{},
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), EndedAt: instant(r.EndedAt), LateAt: instant(r.LateAt),
	}
	for _, held := range r.Held {
		wire.Held[held.Meter] = number(held.Unit, held.Units)
	}
	if r.Settled != nil {
		wire.Settled = map[string]api.Number{}
		for _, used := range r.Settled {
			wire.Settled[used.Meter] = number(used.Unit, used.Units)
		}
	}
	return wire
}

// Reservations returns reservations as they stand.
func Reservations(reservations []ration.Reservation) []api.Reservation {
	return convert(reservations, Reservation)
}

// LimitStatus returns how a limit stands.
func LimitStatus(status *ration.LimitStatus) api.Limit {
	unit := status.Unit
	return api.Limit{
		Name: status.Name, Meter: status.Meter, Kind: string(status.Kind), Period: string(status.Period), Limit: number(unit, status.Size()),
		Used: number(unit, status.Used), Reserved: number(unit, status.Reserved), Remaining: number(unit, status.Remaining), ResetsAt: instant(status.ResetsAt),
	}
}

func limitExplanation(l admin.LimitExplanation) api.LimitExplanation {
	return api.LimitExplanation{
		Limit:  LimitStatus(&l.LimitStatus),
		Allows: l.String(), Asked: number(l.Unit, l.Asked), Code: string(l.Code), Detail: detail(l), RetryAfter: Seconds(l.RetryAfter),
		Plan: l.Plan, Until: instant(l.Until), Then: then(l),
		Holds: convert(l.Holds, func(h admin.OpenHold) api.OpenHold {
			return api.OpenHold{Reservation: h.Reservation.String(), Units: number(l.Unit, h.Units), ExpiresAt: h.ExpiresAt.UTC()}
		}),
	}
}

// then says what holds after a limit that ends.
func then(l admin.LimitExplanation) string {
	switch {
	case l.Until.IsZero():
		return ""
	case l.Then == nil:
		return "unlimited"
	}
	return l.Then.String()
}

// detail says in a sentence what a limit says.
func detail(l admin.LimitExplanation) string {
	if l.Kind == ration.KindConcurrent && l.Code == ration.CodeOK {
		return fmt.Sprintf("%d of %d are in flight", l.Used, l.Size())
	}
	taken := fmt.Sprintf("%s of %s are used", l.Unit.Text(l.Used), l.Unit.Text(l.Size()))
	if l.Reserved > 0 {
		taken += fmt.Sprintf(" and %s reserved", l.Unit.Text(l.Reserved))
	}
	switch l.Code {
	case ration.CodeOK:
		if l.Asked == 0 {
			return taken
		}
		return taken + "; " + more(l, "fits", "fit")
	case ration.CodeCostExceedsLimit:
		return fmt.Sprintf("%s are more than it ever allows at once", l.Unit.Text(l.Asked))
	}
	switch {
	case l.Code == ration.CodeConcurrencyExceeded && l.Size() > 0:
		return fmt.Sprintf("%d of %d are in flight; one of them must end first", l.Used, l.Size())
	case l.Size() == 0:
		return "it allows nothing" + ifItPasses(l, " now")
	case l.Asked > l.Size():
		return fmt.Sprintf("%s are more than it allows", l.Unit.Text(l.Asked)) + ifItPasses(l, " now")
	}
	switch l.Code {
	case ration.CodeQuotaExceeded:
		return taken + "; " + more(l, "doesn't fit", "don't fit") + ifItPasses(l, " before it resets")
	case ration.CodeRateExceeded:
		return taken + "; " + more(l, "comes", "come") + " too fast"
	}
	return taken
}

// ifItPasses returns a text if waiting helps.
func ifItPasses(l admin.LimitExplanation, text string) string {
	if l.RetryAfter <= 0 {
		return ""
	}
	return text
}

// more says of what is asked for what it does, one or several of them.
func more(l admin.LimitExplanation, one, several string) string {
	text := l.Unit.Text(l.Asked)
	if text == "1" {
		several = one
	}
	return text + " more " + several
}

// Seconds returns an optional duration in seconds, nil for none. It rounds up: nobody is told to come too early.
func Seconds(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	return new(int64((d-1)/time.Second) + 1)
}
