package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var eventTests = []contractTest{
	{"thresholds of a limit are told as they are reached", testThresholds},
	{"one charge tells all thresholds that it reaches, of all limits", testThresholdsAtOnce},
	{"what uses nothing tells nothing", testNothingTold},
	{"a threshold is told once in each period", testToldOncePerPeriod},
	{"another quantity and a reset tell anew", testToldAnew},
	{"what is reserved is told when it is used", testReservedIsNotUsed},
	{"what is reserved is told when it expires as used", testExpiredIsUsed},
	{"a settlement tells of the period that it belongs to", testSettledPeriodTold},
	{"a settlement of a period that is over is not judged by the limits of the next", testSettledUnderNextPlan},
	{"amounts are told in the unit of their meter", testToldInUnit},
	{"a charge that is repeated tells once", testRepeatedTellsOnce},
	{"events of a batch have the order of its items", testEventsOfBatch},
	{"instances that reach a threshold together tell it once", testToldByInstances},
	{"a refund that leaves no room for another is told once", testRefundsToldExhausted},
	{"an import of counts tells nothing", testImportTellsNothing},
	{"every quota that a refund fills is told", testRefundsToldOfEachQuota},
	{"changes of a key are told", testChangesTold},
	{"a change that fails tells nothing", testFailedChangeTellsNothing},
	{"an expiry is told once, a week before", testExpiringTold},
	{"instances tell an expiry once", testExpiringByInstances},
	{"the feed is read page by page", testFeed},
	{"the latest events are read page by page", testLatestEvents},
	{"a place that the feed has not reached is refused", testPlaceBeyondFeed},
	{"instances that publish together give each event one place", testPublishedTogether},
	{"the events of a deleted key are deleted", testEventsOfDeletedKey},
}

// publish gives all events their places.
func (f *fixture) publish(store Store) {
	f.Helper()
	for {
		published, err := store.PublishEvents(f.Context())
		if err != nil {
			f.Fatalf("publishing events: %v", err)
		}
		if published == 0 {
			return
		}
	}
}

// events returns the events of a key in the order of the feed, after checking what all
// events have.
func (f *fixture) events(id ration.KeyID, kind admin.EventType) []admin.Event {
	f.Helper()
	f.publish(f.Store)
	page, err := f.Store.ListEvents(f.Context(), admin.EventFilter{KeyID: id, Type: kind})
	f.wantError(err, nil)
	events := page.Events
	for i := range events {
		if e := &events[i]; e.ID == uuid.Nil || e.KeyID != id || e.Position <= 0 || i > 0 && e.Position <= events[i-1].Position {
			f.Errorf("event %+v: want an id, the key %s and places that go up", e, id)
		}
	}
	return events
}

// wantTold wants a key's thresholds in short: "80% of requests-day at 8".
func (f *fixture) wantTold(id ration.KeyID, want ...string) {
	f.Helper()
	told := []string{}
	for _, event := range f.events(id, admin.EventLimitThreshold) {
		var data struct {
			Limit     string
			Threshold int
			Used      json.Number
		}
		if err := json.Unmarshal(event.Data, &data); err != nil {
			f.Fatalf("data %s: %v", event.Data, err)
		}
		told = append(told, fmt.Sprintf("%d%% of %s at %s", data.Threshold, data.Limit, data.Used))
	}
	f.want("told", append([]string{}, want...), told)
}

func testThresholds(f *fixture) {
	plan := f.plan("10/day")
	id := f.keyWith(func(change *admin.KeyChange) {
		change.Key.Plan, change.Key.Name, change.Key.Owner = plan.Name, `株 "<a>"`, "ann@example.com"
	})
	f.batch(repeat(7, chargeOf(id))...)
	f.wantTold(id)
	f.charge(chargeOf(id))
	f.wantTold(id, "80% of requests-day at 8")
	f.charge(chargeOf(id))
	f.advance(time.Second)
	f.charge(chargeOf(id))
	f.deny(id, requests(1), ration.CodeQuotaExceeded, midnight.Sub(f.now))
	f.wantTold(id, "80% of requests-day at 8", "100% of requests-day at 10")
	event := f.events(id, admin.EventLimitThreshold)[1]
	var data map[string]any
	f.wantError(json.Unmarshal(event.Data, &data), nil)
	f.want("data", map[string]any{
		"limit": "requests-day", "meter": "requests", "period": "day", "quantity": 10.0, "threshold": 100.0, "used": 10.0, "resets_at": "2026-07-16T00:00:00Z",
	}, data)
	event.ID, event.Position, event.Data = uuid.Nil, 0, nil
	f.want("event", admin.Event{Type: admin.EventLimitThreshold, At: f.now, KeyID: id, KeyName: `株 "<a>"`, Owner: "ann@example.com"}, event)
}

func testThresholdsAtOnce(f *fixture) {
	id := f.key(f.plan("10/day", "12/month", "3/lifetime", "100 tokens/week", "1000 tokens/month from day 3").Name)
	f.charge(chargeOf(id, requests(3), units("tokens", 79)))
	f.wantTold(id, "80% of requests-lifetime at 3", "100% of requests-lifetime at 3")
	f.charge(chargeOf(id, requests(0), units("tokens", 1)))
	f.wantTold(id, "80% of requests-lifetime at 3", "100% of requests-lifetime at 3", "80% of tokens-week at 80")
	other := f.key(f.plan("10/day", "11/month", "3 calls/day", "10 calls/month from day 3").Name)
	f.charge(chargeOf(other, units("calls", 3), requests(10)))
	f.wantTold(other, "80% of requests-day at 10", "100% of requests-day at 10", "80% of requests-month at 10", "80% of calls-day at 3", "100% of calls-day at 3")
	f.wantTold(f.oneCharge("1/day"), "80% of requests-day at 1", "100% of requests-day at 1")
	f.wantTold(f.oneCharge("9007199254740992/day", requests(7205759403792793)))
	f.wantTold(f.oneCharge("9007199254740992/day", requests(7205759403792794)), "80% of requests-day at 7205759403792794")
}

// oneCharge makes a key with a limit and charges it.
func (f *fixture) oneCharge(limit string, amounts ...ration.Amount) ration.KeyID {
	f.Helper()
	id := f.key(f.plan(limit).Name)
	f.charge(chargeOf(id, amounts...))
	return id
}

func testNothingTold(f *fixture) {
	id := f.key(f.plan("5/second", "5/minute", "5 at once", "0 tokens/day", "10 calls/day").Name)
	f.charge(chargeOf(id, requests(5)))
	f.deny(id, units("tokens", 1), ration.CodeQuotaExceeded, 0)
	f.charge(chargeOf(id, requests(0), units("tokens", 0), units("calls", 0)))
	dry := chargeOf(id, requests(0), units("calls", 9))
	dry.DryRun = true
	f.charge(dry)
	f.deny(id, units("calls", 11), ration.CodeCostExceedsLimit, 0)
	f.wantTold(id)
	f.wantTold(f.oneCharge("10 other/day"))
}

func testToldOncePerPeriod(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("20/day", "100/lifetime").Name)
	receipts := f.receipts(id, 16)
	f.wantTold(id, "80% of requests-day at 16")
	f.charge(refunding(receipts[0]))
	f.charge(chargeOf(id))                                                                                         // reaches it again
	f.batch(refunding(receipts[1]), chargeOf(id), refunding(receipts[2]), chargeOf(id, requests(4)), chargeOf(id)) // several times at once
	f.wantTold(id, "80% of requests-day at 16", "100% of requests-day at 20")
	f.setNow(midnight)
	f.charge(chargeOf(id, requests(16)))
	f.wantTold(id, "80% of requests-day at 16", "100% of requests-day at 20", "80% of requests-day at 16")
	f.setNow(midnight.Add(-time.Minute)) // a clock that steps back repeats no period
	f.charge(chargeOf(id))
	f.wantTold(id, "80% of requests-day at 16", "100% of requests-day at 20", "80% of requests-day at 16")
}

func testToldAnew(f *fixture) {
	plan := f.plan("10/lifetime").Name
	id := f.key(plan)
	f.charge(chargeOf(id, requests(9)))
	f.setLimits(plan, "20/lifetime") // as a prepaid credit is raised
	f.charge(chargeOf(id, requests(7)))
	f.setLimits(plan, "16/lifetime") // what is used by now is no crossing
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 0)
	told := []string{"80% of requests-lifetime at 9", "80% of requests-lifetime at 16"}
	f.wantTold(id, told...)
	f.setLimits(plan, "20/lifetime")
	f.reset(id)
	f.charge(chargeOf(id, requests(15)))
	f.wantTold(id, told...)
	f.charge(chargeOf(id, requests(1)))
	f.wantTold(id, append(told, "80% of requests-lifetime at 16")...)
	daily := f.key(f.plan("10/day", "10/day from 06:00").Name)
	for range 2 {
		f.charge(chargeOf(daily, requests(8)))
		f.reset(daily)
	}
	if told := f.events(daily, admin.EventLimitThreshold); len(told) != 4 {
		f.Errorf("%d thresholds were told, want 2 of each limit", len(told))
	}
}

func testReservedIsNotUsed(f *fixture) {
	id := f.key(f.plan("10/day", "100 tokens/day").Name)
	r := f.hold(id, ration.Hold{}, requests(9), units("tokens", 100))
	f.wantTold(id)
	f.settle(r, requests(7), units("tokens", 80))
	f.wantTold(id, "80% of tokens-day at 80")
	void := f.hold(id, ration.Hold{}, requests(3))
	f.void(void)
	f.wantTold(id, "80% of tokens-day at 80")
	over := f.hold(id, ration.Hold{}, requests(1))
	f.charge(settling(over, ration.OverageAllow, requests(5), units("tokens", 30)))
	f.wantTold(id, "80% of tokens-day at 80", "80% of requests-day at 12", "100% of requests-day at 12", "100% of tokens-day at 110")
}

func testExpiredIsUsed(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryKeep}, requests(8))
	released := f.key(f.plan("10/day").Name)
	f.hold(released, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryRelease}, requests(8))
	f.advance(time.Minute)
	for _, id := range []ration.KeyID{id, released} { // ends what is due first
		f.batch(chargeOf(id, requests(3)), chargeOf(id, requests(1)))
	}
	f.wantTold(id, "80% of requests-day at 8")
	f.wantTold(released)
}

func testSettledPeriodTold(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("10/day").Name)
	r := f.hold(id, ration.Hold{TTL: 10 * time.Hour}, requests(8))
	f.setNow(midnight)
	f.charge(chargeOf(id, requests(7)))
	f.settle(r) // of yesterday, whose window is gone
	f.wantTold(id)
	f.charge(chargeOf(id))
	f.wantTold(id, "80% of requests-day at 8")
}

func testSettledUnderNextPlan(f *fixture) {
	f.setNow(evening)
	id := f.key(f.plan("100/day").Name)
	small := f.plan("10/day", "10 tokens/day").Name
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.NextPlan, change.Key.NextPlanAt = small, midnight })
	r := f.hold(id, ration.Hold{TTL: 10 * time.Hour}, requests(8))
	f.setNow(midnight.Add(time.Second))
	f.charge(settling(r, ration.OverageAllow, requests(8), units("tokens", 9))) // on tokens nothing is reserved
	f.wantTold(id)
	f.charge(chargeOf(id, requests(8)))
	f.wantTold(id, "80% of requests-day at 8")
}

func testToldInUnit(f *fixture) {
	meter := f.meterIn(2)
	id := f.keyOf("2.5 " + meter + "/day")
	f.charge(chargeOf(id, ration.Amount{Meter: meter, Units: 199, Unit: 2}))
	f.wantTold(id)
	f.charge(chargeOf(id, ration.Amount{Meter: meter, Units: 15, Unit: 3}))
	f.wantTold(id, "80% of "+meter+"-day at 2.01")
}

func testRepeatedTellsOnce(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	charge := named(chargeOf(id, requests(10)), "k")
	f.batch(charge, charge)
	f.charge(charge)
	f.wantTold(id, "80% of requests-day at 10", "100% of requests-day at 10")
}

func testEventsOfBatch(f *fixture) {
	plan := f.plan("10/day", "10 tokens/day").Name
	ids := []ration.KeyID{f.key(plan), f.key(plan), f.key(plan)}
	var charges []item
	for range 10 {
		for _, id := range ids {
			charges = append(charges, chargeOf(id, requests(1), units("tokens", 1)))
		}
	}
	slices.Reverse(charges)
	f.batch(charges...)
	for _, id := range ids {
		f.wantTold(id, "80% of requests-day at 8", "80% of tokens-day at 8", "100% of requests-day at 10", "100% of tokens-day at 10")
	}
}

func testToldByInstances(f *fixture) {
	id := f.key(f.plan("40/day").Name)
	stores := f.instances(2)
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			if _, err := chargeBatch(f, stores[i%len(stores)], chargeOf(id)); err != nil {
				f.Errorf("charging: %v", err)
			}
		})
	}
	group.Wait()
	f.wantTold(id, "80% of requests-day at 32", "100% of requests-day at 40")
}

func testRefundsToldExhausted(f *fixture) {
	id := f.key(f.plan("20/day").Name)
	receipts := f.receipts(id, 12)
	exhausted := func() []admin.Event { return f.events(id, admin.EventRefundsExhausted) }
	for _, receipt := range receipts[:9] {
		f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	}
	f.want("told early", 0, len(exhausted()))
	f.wantCode(f.charge(refunding(receipts[9])), ration.CodeOK)
	f.wantCode(f.charge(refunding(receipts[10])), ration.CodeRefundsExhausted)
	f.wantCode(f.charge(refunding(receipts[11])), ration.CodeRefundsExhausted)
	told := exhausted()
	if len(told) != 1 {
		f.Fatalf("told %+v, want one event", told)
	}
	var data map[string]any
	f.wantError(json.Unmarshal(told[0].Data, &data), nil)
	f.want("data", map[string]any{"meter": "requests", "period": "day", "limit": "requests-day", "most": 10.0, "given_back": 10.0}, data)
}

func testImportTellsNothing(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	f.charge(chargeOf(id))
	f.importDays(1, 8, counted(id, ration.DateID(f.now.Date()), 9))
	f.charge(chargeOf(id, requests(0)))
	f.wantTold(id)
	f.charge(chargeOf(id))
	f.wantTold(id, "100% of requests-day at 10")
}

// testRefundsToldOfEachQuota wants each quota that is full, not only the first, and those
// that fill up later.
func testRefundsToldOfEachQuota(f *fixture) {
	id := f.key(f.plan("20/hour", "20/day", "20/month from day 3", "120/lifetime").Name)
	told := func() (periods []string) {
		for _, event := range f.events(id, admin.EventRefundsExhausted) {
			var data struct{ Period string }
			f.wantError(json.Unmarshal(event.Data, &data), nil)
			periods = append(periods, data.Period)
		}
		return periods
	}
	for _, receipt := range f.receipts(id, 10) {
		f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	}
	f.want("told", []string{"hour", "day", "month from day 3"}, told())
	f.advance(time.Hour)
	f.wantCode(f.charge(refunding(f.receipts(id, 1)[0])), ration.CodeRefundsExhausted)
	f.want("told", []string{"hour", "day", "month from day 3"}, told())
}

func testChangesTold(f *fixture) {
	service := f.service()
	ctx := f.Context()
	issued, err := service.CreateKey(ctx, "test", admin.NewKey{Name: "a", Owner: "ann", Unlimited: true})
	f.wantError(err, nil)
	id := issued.Key.ID
	for _, change := range []func() error{
		func() error { _, err := service.RotateKey(ctx, "test", admin.Rotation{ID: id}); return err },
		func() error {
			_, err := service.AddSecret(ctx, "test", admin.NewKeySecret{ID: id, Label: "second"})
			return err
		},
		func() error { _, err := service.DisableKey(ctx, "test", id); return err },
		func() error { _, err := service.DisableKey(ctx, "test", id); return err }, // changes nothing
		func() error { _, err := service.EnableKey(ctx, "test", id); return err },
		func() error { _, err := service.RevokeKey(ctx, "test", id); return err },
	} {
		f.wantError(change(), nil)
	}
	f.wantTypes(id, admin.EventKeyCreated, admin.EventKeyRotated, admin.EventKeyDisabled, admin.EventKeyEnabled, admin.EventKeyRevoked)
	for _, event := range f.events(id, "") {
		if event.KeyName != "a" || event.Owner != "ann" || !event.At.Equal(f.now) {
			f.Errorf("event %+v: want the key's name and owner, and the time %s", event, f.now)
		}
	}
	asked := f.ask("bob@example.com").Request.KeyID
	_, err = service.ApproveKey(ctx, "test", admin.KeyApproval{ID: asked, Unlimited: true})
	f.wantError(err, nil)
	f.wantTypes(asked, admin.EventKeyRequested, admin.EventKeyApproved)
	refused := f.ask("eve@example.com").Request.KeyID
	_, err = service.RejectKey(ctx, "test", admin.KeyRejection{ID: refused, Reason: "no"})
	f.wantError(err, nil)
	f.wantTypes(refused, admin.EventKeyRequested, admin.EventKeyRejected)
}

func (f *fixture) wantTypes(id ration.KeyID, want ...admin.EventType) {
	f.Helper()
	var types []admin.EventType
	for _, event := range f.events(id, "") {
		types = append(types, event.Type)
	}
	f.want("types of events", want, types)
}

func testFailedChangeTellsNothing(f *fixture) {
	first, second := f.key(""), f.key("")
	digest := f.secretOf(first)
	_, err := f.Store.UpdateKeys(f.Context(), []ration.KeyID{first, second}, func(change *admin.KeyChange) error {
		change.Key.Status = ration.StatusDisabled
		change.Audit = entry("key.disable", change.Key.ID.String())
		if change.Key.ID == second {
			change.NewSecrets = []admin.NewSecret{digest} // is taken
		}
		return nil
	})
	f.wantError(err, ration.ErrExists)
	f.wantTypes(first, admin.EventKeyCreated)
	f.wantTypes(second, admin.EventKeyCreated)
}

func testExpiringTold(f *fixture) {
	expiring := func(after time.Duration, status ration.Status) ration.KeyID {
		return f.keyWith(func(change *admin.KeyChange) {
			change.Key.ExpiresAt, change.Key.Status = f.now.Add(after), status
		})
	}
	soon, later := expiring(7*day, ration.StatusActive), expiring(7*day+time.Second, ration.StatusActive)
	revoked, disabled := expiring(day, ration.StatusRevoked), expiring(day, ration.StatusDisabled)
	never := f.key("")
	f.tellExpiring()
	f.tellExpiring()
	f.wantTypes(soon, admin.EventKeyCreated, admin.EventKeyExpiring)
	f.wantTypes(later, admin.EventKeyCreated)
	f.wantTypes(revoked, admin.EventKeyCreated)
	f.wantTypes(disabled, admin.EventKeyCreated, admin.EventKeyExpiring)
	f.wantTypes(never, admin.EventKeyCreated)
	f.updateKey(soon, func(change *admin.KeyChange) { change.Key.Name = "renamed" })
	f.tellExpiring()
	f.wantTypes(soon, admin.EventKeyCreated, admin.EventKeyExpiring)
	f.updateKey(soon, func(change *admin.KeyChange) { change.Key.ExpiresAt = f.now.Add(6 * day) })
	f.advance(time.Second)
	f.tellExpiring()
	f.wantTypes(soon, admin.EventKeyCreated, admin.EventKeyExpiring, admin.EventKeyExpiring)
	f.wantTypes(later, admin.EventKeyCreated, admin.EventKeyExpiring)
	f.updateKey(disabled, func(change *admin.KeyChange) { change.Key.ExpiresAt = f.now.Add(time.Second) })
	f.advance(time.Second) // it has expired
	f.tellExpiring()
	f.wantTypes(disabled, admin.EventKeyCreated, admin.EventKeyExpiring)
}

func (f *fixture) tellExpiring() {
	f.Helper()
	for {
		told, err := f.Store.TellExpiring(f.Context())
		f.wantError(err, nil)
		if told == 0 {
			return
		}
	}
}

func testExpiringByInstances(f *fixture) {
	ids := make([]ration.KeyID, 20)
	for i := range ids {
		ids[i] = f.keyWith(func(change *admin.KeyChange) { change.Key.ExpiresAt = f.now.Add(day) })
	}
	stores := f.instances(2)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			if _, err := stores[i%len(stores)].TellExpiring(f.Context()); err != nil {
				f.Errorf("telling: %v", err)
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		f.wantTypes(id, admin.EventKeyCreated, admin.EventKeyExpiring)
	}
}
