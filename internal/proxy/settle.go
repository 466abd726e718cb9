package proxy

import (
	"log/slog"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/condense"
)

// settle ends the reservation of a request that is done with, if it has an open
// one, by what the answer has told: all, or as far as it came. What it hasn't told
// is settled as it was reserved. The answer of a client that is still there ends
// after that, so that its next request finds what it has used.
func (p *Proxy) settle(x *exchange) {
	if x.Answer.Decision.Reservation == nil {
		return
	}
	var used []ration.Amount
	if x.report != nil {
		var rounded []string
		used, rounded = x.report.amounts(x.In.Context().Err() != nil)
		p.noteReport(x, used)
		p.noteRounded(x, append(rounded, ration.RoundedUp(used, heldBy(x.Answer.Decision.Reservation))...))
	}
	ctx := x.In.Context()
	if err := p.config.Gate.Settle(ctx, &x.Question, &x.Answer, ration.Settlement{Amounts: used, Overage: x.Route.Reserve.Overage}); err != nil {
		p.trouble.Say(ctx, slog.LevelWarn, condense.Kind{Message: "the reservation was not settled; it ends by itself", Route: x.Route.Name},
			slog.String("request_id", x.ID), slog.Any("error", err))
	}
}

// noteReport tells whoever looks for it why something else is counted than what
// the upstream has reported.
func (p *Proxy) noteReport(x *exchange, used []ration.Amount) {
	for _, place := range x.report.places {
		reported := slices.IndexFunc(used, func(a ration.Amount) bool { return a.Meter == place.Meter })
		if reported < 0 {
			p.config.Log.DebugContext(x.In.Context(), "the upstream reported no number that counts; the reserved amount is counted", "meter", place.Meter, "route", x.Route.Name, "request_id", x.ID)
			continue
		}
		for _, held := range x.Answer.Decision.Reservation.Held {
			if held.Meter == place.Meter && held.Unit.Of(used[reported].Units, used[reported].Unit) > held.Units && x.Route.Reserve.Overage != ration.OverageAllow {
				p.config.Log.DebugContext(x.In.Context(), "the upstream reported more than was reserved; only the reserved amount is counted", "meter", place.Meter, "reported", used[reported].Text(), "reserved", held.Unit.Text(held.Units), "route", x.Route.Name, "request_id", x.ID)
			}
		}
	}
}

// heldBy returns what a reservation holds.
func heldBy(r *ration.Reservation) []ration.Amount {
	amounts := make([]ration.Amount, len(r.Held))
	for i, held := range r.Held {
		amounts[i] = ration.Amount{Meter: held.Meter, Units: held.Units, Unit: held.Unit}
	}
	return amounts
}

// noteRounded tells whoever runs this of numbers that are finer than what is counted,
// once for each route and meter: small ones, such as prices, come out far too high.
func (p *Proxy) noteRounded(x *exchange, meters []string) {
	for _, meter := range meters {
		p.trouble.SayOnce(x.In.Context(), slog.LevelWarn, condense.Kind{Message: "the upstream reports numbers that are finer than the unit of their meter, and each is rounded up; give the meter a smaller unit, or report whole numbers", Route: x.Route.Name, Meter: meter})
	}
}
