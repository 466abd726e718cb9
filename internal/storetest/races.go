package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/ration-dev/ration"
)

var raceTests = []contractTest{
	{"of ends that race exactly one happens", testRacingEnds},
}

// raceLimit is what all reservations of a race may hold.
const raceLimit = "1000000000/day"

// testRacingEnds lets settlement, void and expiry of each reservation race, twice
// each, from all instances. Half of the reservations are due.
func testRacingEnds(f *fixture) {
	id := f.key(f.plan(raceLimit).Name)
	stores := f.instances(3)
	var used int64
	for race := range endRaces {
		f.setNow(noon)
		hold := ration.Hold{TTL: time.Minute, AtExpiry: []ration.AtExpiry{ration.AtExpiryKeep, ration.AtExpiryRelease}[race/2%2]}
		r := f.hold(id, hold, requests(5))
		if race%2 == 1 {
			f.advance(time.Minute)
		}
		happened := f.race(stores, settling(r, "", requests(3)), voiding(r), expiring(r))
		ended := f.reservation(r)
		if err := agree(ended, happened); err != nil {
			f.Errorf("race %d: %v: %+v ended as %+v", race, err, happened, ended)
		}
		used += counts(ended)
		if race%64 == 0 || race == endRaces-1 {
			f.wantUse(id, ration.MeterRequests, used, 0)
		}
	}
}

// race sends each end twice, all at once and each in a batch of its own. It
// returns what happened of each kind.
func (f *fixture) race(stores []Store, ends ...item) map[ration.EndAction][]ration.Decision {
	f.Helper()
	var mu sync.Mutex
	happened := map[ration.EndAction][]ration.Decision{}
	var group sync.WaitGroup
	for i, end := range append(ends, ends...) {
		group.Go(func() {
			decisions, err := chargeBatch(f, stores[i%len(stores)], end)
			if err != nil {
				f.Errorf("ending: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			happened[end.End.Action] = append(happened[end.End.Action], decisions...)
		})
	}
	group.Wait()
	return happened
}

// agree says whether a reservation ended in exactly one of the ways that
// callers were told of.
func agree(ended ration.Reservation, happened map[ration.EndAction][]ration.Decision) error {
	first := 0 // ends that were the first of their kind
	for action, decisions := range happened {
		for _, decision := range decisions {
			switch {
			case decision.Code == ration.CodeReservationConflict && action != ration.EndExpire:
			case !decision.Allowed():
				return fmt.Errorf("%s: code %s", action, decision.Code)
			case decision.Reservation.State == ration.ReservationOpen && action == ration.EndExpire: // it was not due
			case !decision.Replayed && action != ration.EndExpire:
				first++
			}
		}
	}
	late := !ended.LateAt.IsZero()
	switch {
	case first != 1:
		return fmt.Errorf("%d ends were the first", first)
	case late != (ended.State == ration.ReservationExpired), ended.State == ration.ReservationOpen:
		return fmt.Errorf("it is %s, late %v", ended.State, late)
	}
	settled, voided := allowed(happened[ration.EndSettle]), allowed(happened[ration.EndVoid])
	if settled+voided != 2 || settled*voided != 0 {
		return fmt.Errorf("%d settlements and %d voids were admitted", settled, voided)
	}
	if wasSettled := counts(ended) == 3; wasSettled != (settled == 2) {
		return fmt.Errorf("settled %v, told %d times", wasSettled, settled)
	}
	return nil
}

func allowed(decisions []ration.Decision) (n int) {
	for _, decision := range decisions {
		if decision.Allowed() {
			n++
		}
	}
	return n
}

// counts returns what an ended reservation counts as used, if that was told.
func counts(r ration.Reservation) (used int64) {
	for _, amount := range r.Settled {
		used += amount.Units
	}
	return used
}
