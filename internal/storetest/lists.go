package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var listTests = []contractTest{
	{"entries of the audit log come once each, whatever is written between pages", testAuditPages},
	{"days come once each, whatever is charged between pages", testDayPages},
	{"tokens come once each, in both orders, whatever is created between pages", testTokenPages},
	{"plans come once each, whatever is created and deleted between pages", testPlanPages},
	{"meters come once each, whatever is set between pages", testMeterPages},
	{"reservations come once each, whatever is held and ended between pages", testReservationPages},
	{"entries are selected by action and time", testAuditSelection},
	{"reservations are selected by key and state", testReservationSelection},
	{"reservations are selected by owners and plans", testReservationReach},
	{"open reservations are counted, and the oldest is found", testOpenReservations},
	{"a database describes itself", testDatabase},
}

// list is a list whose pages are walked, in one order.
type list[T any, P comparable] struct {
	page     func(after P, limit int) ([]T, error) // limit 0: all
	position func(*T) P
	name     func(*T) string // what tells a row from others; empty: one of another test
	between  func(page int)  // writes something before a page is read
}

// walk reads pages of two rows, and wants what was there before to come once each and in
// the order of the whole list, and nothing to come twice.
func walk[T any, P comparable](f *fixture, l list[T, P]) {
	f.Helper()
	names := func(rows []T, err error) (names []string) {
		if err != nil {
			f.Fatal(err)
		}
		for i := range rows {
			if name := l.name(&rows[i]); name != "" {
				names = append(names, name)
			}
		}
		return names
	}
	var after P
	before := names(l.page(after, 0))
	if len(before) < 4 {
		f.Fatalf("%d rows make no pages", len(before))
	}
	var got []string
	for page := 0; ; page++ {
		rows, err := l.page(after, 2)
		got = append(got, names(rows, err)...)
		if len(rows) < 2 {
			break
		}
		after = l.position(&rows[1])
		if page < 5 {
			l.between(page)
		}
	}
	seen := make(map[string]bool)
	for _, name := range got {
		if seen[name] {
			f.Errorf("%s comes twice", name)
		}
		seen[name] = true
	}
	got = slices.DeleteFunc(got, func(name string) bool { return !slices.Contains(before, name) })
	f.want("what was there before", before, got)
}

func testAuditPages(f *fixture) {
	for _, oldestFirst := range []bool{false, true} {
		actor, id := uniqueName(), f.key("")
		log := func() {
			f.Helper()
			_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
				change.Key.Name = uniqueName()
				change.Audit = admin.AuditEntry{ID: uuid.New(), Actor: actor, Action: "key.update", Target: id.String()} // in no order
				return nil
			})
			f.wantError(err, nil)
		}
		for i := range 9 {
			log()
			if i%3 == 2 {
				f.advance(time.Second)
			}
		}
		now := f.now
		walk(f, list[admin.AuditEntry, admin.AuditPosition]{
			page: func(after admin.AuditPosition, limit int) ([]admin.AuditEntry, error) {
				return f.Store.ListAudit(f.Context(), admin.AuditFilter{Actor: actor, OldestFirst: oldestFirst, After: after, Limit: limit})
			},
			position: (*admin.AuditEntry).Position,
			name:     func(e *admin.AuditEntry) string { return e.ID.String() },
			between: func(page int) {
				f.setNow(now.Add(-time.Duration(page) * time.Second)) // a clock that is set back, too
				log()
				log()
			},
		})
		f.setNow(now)
	}
}

func testDayPages(f *fixture) {
	for _, newestFirst := range []bool{false, true} {
		id := f.key("")
		meters := []string{"m1", "m3", "m5"}
		charge := func(meters ...string) {
			f.Helper()
			for _, meter := range meters {
				f.wantCode(f.charge(chargeOf(id, units(meter, 1))), ration.CodeOK)
			}
		}
		first := f.now
		for range 3 {
			charge(meters...)
			f.advance(24 * time.Hour)
		}
		walk(f, list[admin.UsageDay, admin.UsagePosition]{
			page: func(after admin.UsagePosition, limit int) ([]admin.UsageDay, error) {
				return f.Store.UsageDays(f.Context(), admin.UsageFilter{KeyID: id, NewestFirst: newestFirst, After: after, Limit: limit})
			},
			position: (*admin.UsageDay).Position,
			name:     func(d *admin.UsageDay) string { return d.Date.Date().Format(time.DateOnly) + d.Meter },
			between: func(page int) {
				charge("m0", "m"+string(rune('0'+2*page)), "m9")
				f.advance(24 * time.Hour)
			},
		})
		f.setNow(first.Add(30 * 24 * time.Hour))
	}
}

func testTokenPages(f *fixture) {
	for _, order := range []admin.TokenFilter{{}, {Descending: true}, {ByName: true}, {ByName: true, Descending: true}} {
		prefix := uniqueName()
		create := func(names ...string) {
			for _, name := range names {
				f.token(prefix+name, func(t *admin.Token) { t.ID = uuid.New() })
			}
		}
		create("b", "B", "d", "ä", "f")
		f.advance(time.Second)
		_, err := f.Store.RevokeToken(f.Context(), prefix+"d", entry("token.revoke", "token:"+prefix+"d"))
		f.wantError(err, nil)
		create("d", "h") // two of one name
		walk(f, list[admin.Token, admin.TokenPosition]{
			page: func(after admin.TokenPosition, limit int) ([]admin.Token, error) {
				filter := order
				filter.After, filter.Limit = after, limit
				return f.Store.ListTokens(f.Context(), filter)
			},
			position: (*admin.Token).Position,
			name: func(t *admin.Token) string {
				if !strings.HasPrefix(t.Name, prefix) {
					return ""
				}
				return t.ID.String()
			},
			between: func(page int) {
				create("a"+string(rune('0'+page)), "e"+string(rune('0'+page)), "z"+string(rune('0'+page)))
			},
		})
	}
}

func testPlanPages(f *fixture) {
	for _, descending := range []bool{false, true} {
		prefix := uniqueName()
		create := func(names ...string) {
			for _, name := range names {
				_, err := f.Store.CreatePlan(f.Context(), func(change *admin.PlanChange) error {
					change.Plan = ration.Plan{Name: prefix + name, Limits: parseLimits(f, "5/day", "7 tokens/month"), CreatedAt: change.Now, UpdatedAt: change.Now}
					change.Audit = entry("plan.create", "plan:"+prefix+name)
					return nil
				})
				f.wantError(err, nil)
			}
		}
		create("b", "B", "d_", "d-", "f")
		walk(f, list[ration.Plan, string]{
			page: func(after string, limit int) ([]ration.Plan, error) {
				return f.Store.ListPlans(f.Context(), admin.NameFilter{Descending: descending, After: after, Limit: limit})
			},
			position: func(p *ration.Plan) string { return p.Name },
			name:     func(p *ration.Plan) string { return ownName(prefix, p.Name) },
			between: func(page int) {
				a, z := "a"+string(rune('0'+page)), "z"+string(rune('0'+page))
				create(a, z)
				f.wantError(f.Store.DeletePlan(f.Context(), prefix+a, entry("plan.delete", "plan:"+prefix+a)), nil)
			},
		})
	}
}

// ownName returns a name if it begins with a prefix, and else nothing.
func ownName(prefix, name string) string {
	if !strings.HasPrefix(name, prefix) {
		return ""
	}
	return name
}

func testMeterPages(f *fixture) {
	for _, descending := range []bool{false, true} {
		prefix := uniqueName()
		for _, name := range []string{"b", "b_", "d", "b-", "f"} {
			f.setUnit(prefix+name, 2)
		}
		walk(f, list[admin.Meter, string]{
			page: func(after string, limit int) ([]admin.Meter, error) {
				return f.Store.ListMeters(f.Context(), admin.NameFilter{Descending: descending, After: after, Limit: limit})
			},
			position: func(m *admin.Meter) string { return m.Name },
			name:     func(m *admin.Meter) string { return ownName(prefix, m.Name) },
			between: func(page int) {
				f.setUnit(prefix+"a"+string(rune('0'+page)), 1)
				f.setUnit(prefix+"z"+string(rune('0'+page)), 1)
			},
		})
	}
}

func testReservationPages(f *fixture) {
	for _, filter := range []admin.ReservationFilter{{}, {OldestFirst: true}, {State: ration.ReservationOpen}} {
		one, other := f.key(""), f.key("")
		var held []ration.Reservation
		for range 4 { // each id twice
			id := ration.NewReservationID()
			held = append(held, f.hold(one, ration.Hold{ID: id}), f.hold(other, ration.Hold{ID: id}))
		}
		walk(f, list[ration.Reservation, admin.ReservationPosition]{
			page: func(after admin.ReservationPosition, limit int) ([]ration.Reservation, error) {
				filter := filter
				filter.After, filter.Limit = after, limit
				return f.Store.ListReservations(f.Context(), filter)
			},
			position: admin.ReservationAt,
			name: func(r *ration.Reservation) string {
				if r.KeyID != one && r.KeyID != other {
					return ""
				}
				return r.ID.String() + r.KeyID.String()
			},
			between: func(int) {
				early := held[0].ID
				early[15]++ // the first but one
				held[0].ID = early
				f.hold(one, ration.Hold{ID: early})
				f.void(f.hold(other, ration.Hold{}))
			},
		})
	}
}
