package storetest

import (
	"time"

	"github.com/ration-dev/ration"
)

// holding makes a charge that reserves.
func holding(id ration.KeyID, hold ration.Hold, amounts ...ration.Amount) item {
	charge := chargeOf(id, amounts...)
	charge.Hold = &hold
	return charge
}

// ending makes the end of a reservation.
func ending(r ration.Reservation, end ration.End) item {
	end.ID = r.ID
	return item{Charge: ration.Charge{KeyID: r.KeyID}, End: &end}
}

func settling(r ration.Reservation, over ration.Overage, amounts ...ration.Amount) item {
	return ending(r, ration.End{Action: ration.EndSettle, Overage: over, Amounts: amounts})
}

func voiding(r ration.Reservation) item {
	return ending(r, ration.End{Action: ration.EndVoid})
}

func expiring(r ration.Reservation) item {
	return ending(r, ration.End{Action: ration.EndExpire})
}

// refunding makes what gives a charge back.
func refunding(receipt *ration.Receipt) item {
	return item{Charge: ration.Charge{KeyID: receipt.KeyID}, Refund: receipt}
}

// named gives a charge an idempotency key.
func named(charge item, key string) item {
	charge.Idempotency = &ration.Idempotency{Key: key, About: "test"}
	return charge
}

// hold reserves amounts and wants them admitted.
func (f *fixture) hold(id ration.KeyID, hold ration.Hold, amounts ...ration.Amount) ration.Reservation {
	f.Helper()
	decision := f.charge(holding(id, hold, amounts...))
	f.wantCode(decision, ration.CodeOK)
	if decision.Reservation == nil {
		f.Fatalf("no reservation with %+v", decision)
	}
	return *decision.Reservation
}

// end ends a reservation, wants a code and returns what it is then.
func (f *fixture) end(charge item, code ration.Code) ration.Decision {
	f.Helper()
	decision := f.charge(charge)
	f.wantCode(decision, code)
	return decision
}

// settle wants a settlement to be admitted.
func (f *fixture) settle(r ration.Reservation, amounts ...ration.Amount) ration.Decision {
	f.Helper()
	return f.end(settling(r, ration.OverageRefuse, amounts...), ration.CodeOK)
}

// void wants a void to be admitted.
func (f *fixture) void(r ration.Reservation) ration.Decision {
	f.Helper()
	return f.end(voiding(r), ration.CodeOK)
}

// refundable charges amounts, wants them admitted and returns the receipt.
func (f *fixture) refundable(charge item) *ration.Receipt {
	f.Helper()
	charge.Refundable = true
	decision := f.charge(charge)
	f.wantCode(decision, ration.CodeOK)
	if decision.Receipt == nil {
		f.Fatalf("no receipt with %+v", decision)
	}
	return decision.Receipt
}

// reservation reads a reservation of a key, as it was committed.
func (f *fixture) reservation(r ration.Reservation) ration.Reservation {
	f.Helper()
	found := f.reservations(ration.ReservationFilter{KeyID: r.KeyID, ID: r.ID})
	if len(found) != 1 {
		f.Fatalf("%d reservations of id %s and key %s, want 1", len(found), r.ID, r.KeyID)
	}
	return found[0]
}

func (f *fixture) reservations(filter ration.ReservationFilter) []ration.Reservation {
	f.Helper()
	found, err := f.Store.Reservations(f.Context(), filter)
	if err != nil {
		f.Fatalf("reading reservations: %v", err)
	}
	return found
}

// wantState wants a reservation to be told and to be kept in a state.
func (f *fixture) wantState(decision ration.Decision, state ration.ReservationState) {
	f.Helper()
	r := decision.Reservation
	if r == nil {
		f.Fatalf("no reservation with %+v", decision)
	}
	if r.State != state || r.EndedAt.IsZero() != (state == ration.ReservationOpen) {
		f.Errorf("%s since %s, want %s", r.State, r.EndedAt, state)
	}
	f.want("reservation as it was committed", *r, f.reservation(*r))
}

// wantUse wants so much of a meter to be used and reserved ever, and in all
// periods that run, and wants all about the key to add up.
func (f *fixture) wantUse(id ration.KeyID, meter string, used, reserved int64) {
	f.Helper()
	entry := f.meter(id, meter)
	if entry.Used != used || entry.Reserved != reserved {
		f.Errorf("%s: used %d and reserved %d ever, want %d and %d", meter, entry.Used, entry.Reserved, used, reserved)
	}
	for i, window := range entry.Windows {
		if window.Used != used || window.Reserved != reserved {
			f.Errorf("%s: used %d and reserved %d in the %s, want %d and %d", meter, window.Used, window.Reserved, ration.WindowPeriods[i], used, reserved)
		}
	}
	f.wantSums(id)
}

// wantWindows wants so much to be used and reserved in the hour, day, week and
// month that run.
func (f *fixture) wantWindows(id ration.KeyID, meter string, used, reserved [4]int64) {
	f.Helper()
	for i, window := range f.meter(id, meter).Windows {
		if window.Used != used[i] || window.Reserved != reserved[i] {
			f.Errorf("%s: used %d and reserved %d in the %s, want %d and %d", meter, window.Used, window.Reserved, ration.WindowPeriods[i], used[i], reserved[i])
		}
	}
	f.wantSums(id)
}

// wantSums adds up the open reservations of a key, which must be what is
// reserved, and its history, which must be what was used.
func (f *fixture) wantSums(id ration.KeyID) {
	f.Helper()
	open := f.reservations(ration.ReservationFilter{KeyID: id, Open: true})
	days := f.days(id)
	for _, entry := range f.usage(id) {
		var ever, used int64
		var reserved [4]int64
		for _, r := range open {
			for _, held := range r.Held {
				if held.Meter != entry.Meter {
					continue
				}
				ever += held.Units
				for i, periodID := range held.Periods {
					if periodID == entry.Windows[i].ID {
						reserved[i] += held.Units
					}
				}
			}
		}
		today := int64(0)
		for _, day := range days {
			if day.Meter != entry.Meter {
				continue
			}
			used += day.Used
			if day.Date == entry.Windows[1].ID {
				today = day.Used
			}
		}
		if entry.Used != used || entry.Windows[1].Used != today {
			f.Errorf("%s: used %d ever and %d today, its history adds up to %d and %d", entry.Meter, entry.Used, entry.Windows[1].Used, used, today)
		}
		if entry.Reserved != ever {
			f.Errorf("%s: reserved %d, its open reservations add up to %d", entry.Meter, entry.Reserved, ever)
		}
		for i, window := range entry.Windows {
			if window.Reserved != reserved[i] {
				f.Errorf("%s: reserved %d in the %s, its open reservations add up to %d", entry.Meter, window.Reserved, ration.WindowPeriods[i], reserved[i])
			}
		}
	}
}

// wantHistory wants so much to be used of a meter on days that follow each other.
func (f *fixture) wantHistory(id ration.KeyID, meter string, first ration.PeriodID, used ...int64) {
	f.Helper()
	got := make([]int64, len(used))
	for _, day := range f.days(id) {
		switch i := int(day.Date - first); {
		case day.Meter != meter:
		case i < 0 || i >= len(got):
			f.Errorf("history of %s on %s", meter, day.Date.Date().Format(time.DateOnly))
		default:
			got[i] = day.Used
		}
	}
	f.want("history of "+meter, used, got)
}
