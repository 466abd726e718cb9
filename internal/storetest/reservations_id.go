package storetest

import (
	"time"

	"github.com/ration-dev/ration"
)

func testUnknownReservation(f *fixture) {
	id, other := f.key(""), f.key("")
	r := f.hold(other, ration.Hold{}, requests(3))
	before := f.state(id)
	for _, unknown := range []ration.Reservation{{KeyID: id, ID: ration.NewReservationID()}, {KeyID: id, ID: r.ID}} {
		for _, end := range []item{settling(unknown, ""), voiding(unknown), expiring(unknown)} {
			if decision := f.end(end, ration.CodeReservationUnknown); decision.Reservation != nil {
				f.Errorf("reservation %+v, want none", decision.Reservation)
			}
		}
	}
	f.want("state", before, f.state(id))
	f.end(settling(ration.Reservation{KeyID: ration.NewKeyID(), ID: r.ID}, ""), ration.CodeKeyUnknown)
	f.wantUse(other, ration.MeterRequests, 0, 3)
}

func testSameReservationAgain(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	hold := ration.Hold{ID: ration.NewReservationID(), TTL: time.Minute}
	first := f.batch(holding(id, hold, requests(3)), holding(id, hold, requests(3)))
	f.want("the same reservation in one batch", first[0].Reservation, first[1].Reservation)
	f.want("its limits", first[0].Limits, first[1].Limits)
	f.wantUse(id, ration.MeterRequests, 0, 3)
	f.advance(time.Second)
	again := f.charge(holding(id, hold, requests(3)))
	f.wantCode(again, ration.CodeOK)
	f.want("the same reservation again", first[0].Reservation, again.Reservation)
	f.want("its limits", first[0].Limits, again.Limits)
	if first[0].Replayed || !first[1].Replayed || !again.Replayed {
		f.Errorf("replayed %v, %v and %v", first[0].Replayed, first[1].Replayed, again.Replayed)
	}
	longer, kept := hold, hold
	longer.TTL, kept.AtExpiry = time.Hour, ration.AtExpiryRelease
	for _, other := range []item{
		holding(id, hold, requests(4)), holding(id, hold, requests(3), units("tokens", 0)),
		holding(id, longer, requests(3)), holding(id, kept, requests(3)),
	} {
		decision := f.end(other, ration.CodeReservationConflict)
		if decision.Reservation != nil || len(decision.Limits) > 0 {
			f.Errorf("a conflict tells %+v", decision)
		}
	}
	f.wantUse(id, ration.MeterRequests, 0, 3)
	f.void(*first[0].Reservation)
	f.wantState(f.charge(holding(id, hold, requests(3))), ration.ReservationVoided)
	f.wantUse(id, ration.MeterRequests, 0, 0)
}

func testSameIDOfAnotherKey(f *fixture) {
	plan := f.plan("10/day")
	a, b := f.key(plan.Name), f.key(plan.Name)
	hold := ration.Hold{ID: ration.NewReservationID()}
	ofA := f.hold(a, hold, requests(3))
	ofB := f.hold(b, hold, requests(4))
	f.void(ofA)
	f.wantUse(a, ration.MeterRequests, 0, 0)
	f.wantUse(b, ration.MeterRequests, 0, 4)
	f.wantState(f.settle(ofB), ration.ReservationSettled)
	if both := f.reservations(ration.ReservationFilter{ID: hold.ID}); len(both) != 2 {
		f.Errorf("%d reservations of the id, want 2", len(both))
	}
}

func testFindReservations(f *fixture) {
	a, b := f.key(""), f.key("")
	var made []ration.Reservation
	for _, ttl := range []time.Duration{3 * time.Minute, time.Minute, 2 * time.Minute} {
		made = append(made, f.hold(a, ration.Hold{TTL: ttl}))
	}
	ofB := f.hold(b, ration.Hold{TTL: 90 * time.Second})
	f.advance(time.Minute)
	made[0] = *f.void(made[0]).Reservation
	for _, row := range []struct {
		name   string
		filter ration.ReservationFilter
		want   []ration.Reservation
	}{
		{"id", ration.ReservationFilter{ID: made[2].ID}, []ration.Reservation{made[2]}},
		{"key", ration.ReservationFilter{KeyID: a}, []ration.Reservation{made[1], made[2], made[0]}},
		{"id and key", ration.ReservationFilter{KeyID: b, ID: made[2].ID}, nil},
		{"open", ration.ReservationFilter{KeyID: a, Open: true}, []ration.Reservation{made[1], made[2]}},
		{"due", ration.ReservationFilter{KeyID: a, Due: true}, []ration.Reservation{made[1]}},
		{"limit", ration.ReservationFilter{KeyID: a, Open: true, Limit: 1}, []ration.Reservation{made[1]}},
		{"another key", ration.ReservationFilter{KeyID: b}, []ration.Reservation{ofB}},
		{"a key without", ration.ReservationFilter{KeyID: f.key("")}, nil},
	} {
		f.want("reservations by "+row.name, row.want, f.reservations(row.filter))
	}
	f.advance(time.Hour)
	due := f.reservations(ration.ReservationFilter{Due: true, Limit: 2})
	if len(due) != 2 || due[0].ExpiresAt.After(due[1].ExpiresAt) {
		f.Errorf("due of all keys %+v, want 2, the earliest first", due)
	}
}
