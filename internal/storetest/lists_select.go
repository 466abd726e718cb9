package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func testAuditSelection(f *fixture) {
	id, actor := f.key(""), uniqueName()
	for i, action := range []string{"a", "b", "a", "c"} {
		f.setNow(noon.Add(time.Duration(i) * time.Second))
		_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
			change.Key.Name = uniqueName()
			change.Audit = admin.AuditEntry{Actor: actor, Action: action, Target: id.String()}
			return nil
		})
		f.wantError(err, nil)
	}
	for _, row := range []struct {
		filter admin.AuditFilter
		want   string
	}{
		{admin.AuditFilter{Action: "a"}, "aa"},
		{admin.AuditFilter{Action: "none"}, ""},
		{admin.AuditFilter{OldestFirst: true}, "abac"},
		{admin.AuditFilter{Since: noon.Add(time.Second), OldestFirst: true}, "bac"},
		{admin.AuditFilter{Until: noon.Add(time.Second), OldestFirst: true}, "a"},
		{admin.AuditFilter{Since: noon.Add(time.Second), Until: noon.Add(3 * time.Second), OldestFirst: true}, "ba"},
		{admin.AuditFilter{Target: id.String(), Action: "a", Since: noon.Add(time.Microsecond)}, "a"},
	} {
		row.filter.Actor = actor
		got := ""
		for _, entry := range f.audit(row.filter) {
			got += entry.Action
		}
		if got != row.want {
			f.Errorf("%+v finds %q, want %q", row.filter, got, row.want)
		}
	}
}

func testDatabase(f *fixture) {
	database, now, err := f.Store.Database(f.Context())
	f.wantError(err, nil)
	if database.Kind == "" || database.Version == "" || database.Schema <= 0 || database.Size <= 0 || !now.Equal(f.now) {
		f.Errorf("%+v at %s; want all of it, at %s", database, now, f.now)
	}
}

// testOpenReservations compares with the list of all, which has those of other tests, too.
func testOpenReservations(f *fixture) {
	id := f.key("")
	want := func(most int) {
		f.Helper()
		all := f.listed(admin.ReservationFilter{State: ration.ReservationOpen, Limit: 10_000})
		slices.SortStableFunc(all, func(a, b ration.Reservation) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
		all = all[:min(most, len(all))]
		expected := admin.OpenReservations{Count: int64(len(all)), Now: f.now}
		for i := range all {
			if i == 0 || all[i].CreatedAt.Before(expected.Oldest) {
				expected.Oldest = all[i].CreatedAt
			}
		}
		got, err := f.Store.OpenReservations(f.Context(), most)
		f.wantError(err, nil)
		if got.Count != expected.Count || !got.Oldest.Equal(expected.Oldest) || !got.Now.Equal(expected.Now) {
			f.Errorf("%d at most: got %+v, want %+v", most, got, expected)
		}
	}
	want(10_000)
	f.setNow(noon.Add(-time.Hour))
	late := f.hold(id, ration.Hold{TTL: 10 * time.Hour}, requests(2)) // the oldest expires last
	f.setNow(noon)
	f.hold(id, ration.Hold{TTL: time.Minute}, requests(2))
	f.hold(id, ration.Hold{TTL: 2 * time.Minute}, requests(3))
	want(10_000)
	want(1)
	f.void(late)
	want(10_000)
}

// listed reads reservations, the oldest first.
func (f *fixture) listed(filter admin.ReservationFilter) []ration.Reservation {
	f.Helper()
	filter.OldestFirst = true
	found, err := f.Store.ListReservations(f.Context(), filter)
	if err != nil {
		f.Fatalf("listing reservations: %v", err)
	}
	return found
}

// asListed is a reservation without what a list leaves out.
func asListed(reservations ...ration.Reservation) []ration.Reservation {
	reservations = slices.Clone(reservations)
	for i := range reservations {
		reservations[i].Fingerprint, reservations[i].Limits = ration.Fingerprint{}, nil
	}
	return reservations
}

func testReservationSelection(f *fixture) {
	eur := f.meterIn(2)
	id := f.key("")
	open := f.hold(id, ration.Hold{}, requests(2), ration.Amount{Meter: eur, Units: 7, Unit: 2})
	settled := *f.settle(f.hold(id, ration.Hold{}, requests(3)), requests(1)).Reservation
	voided := *f.void(f.hold(id, ration.Hold{AtExpiry: ration.AtExpiryRelease})).Reservation
	other := f.hold(f.key(""), ration.Hold{})
	f.want("of the key", asListed(open, settled, voided), f.listed(admin.ReservationFilter{KeyID: id}))
	f.want("open ones of the key", asListed(open), f.listed(admin.ReservationFilter{KeyID: id, State: ration.ReservationOpen}))
	f.want("settled ones of the key", asListed(settled), f.listed(admin.ReservationFilter{KeyID: id, State: ration.ReservationSettled}))
	f.want("voided ones of the key", asListed(voided), f.listed(admin.ReservationFilter{KeyID: id, State: ration.ReservationVoided}))
	f.want("expired ones of the key", []ration.Reservation(nil), f.listed(admin.ReservationFilter{KeyID: id, State: ration.ReservationExpired}))
	f.want("two of the key", asListed(open, settled), f.listed(admin.ReservationFilter{KeyID: id, Limit: 2}))
	f.want("of the other key", asListed(other), f.listed(admin.ReservationFilter{KeyID: other.KeyID}))
}

func testReservationReach(f *fixture) {
	owner, plan := uniqueName(), f.plan().Name
	hold := func(owner, plan string) ration.Reservation {
		id := f.keyWith(func(change *admin.KeyChange) { change.Key.Owner, change.Key.Plan = owner, plan })
		return f.hold(id, ration.Hold{})
	}
	both, only, neither := hold(owner, plan), hold(owner, ""), hold("", plan)
	f.want("of the owner", asListed(both, only), f.listed(admin.ReservationFilter{Owners: []string{owner, "nobody"}}))
	f.want("on the plan", asListed(both, neither), f.listed(admin.ReservationFilter{Plans: []string{plan}}))
	f.want("of both", asListed(both), f.listed(admin.ReservationFilter{Owners: []string{owner}, Plans: []string{plan}}))
	f.want("of no owner at all", []ration.Reservation(nil), f.listed(admin.ReservationFilter{Owners: []string{}}))
}
