package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var deliveryTests = []contractTest{
	{"a webhook gets what is published from its creation on, of its types", testDeliveriesOfTypes},
	{"a key's events are given out one after the other", testDeliveriesInOrder},
	{"webhooks that are busy are left out", testDeliveriesOfBusy},
	{"a lease ends, and whoever has lost it ends nothing", testDeliveryLeases},
	{"what a clock wrote that was ahead is due", testDeliveryClockAhead},
	{"what was given up makes room for the next, which keeps its time", testDeadDelivery},
	{"what has ended is replayed beside what waits", testReplay},
	{"what is dead is replayed a part at a time", testReplayDead},
	{"nothing is sent to a webhook that is disabled", testDisabledWebhook},
	{"an endpoint disables its webhook, which is audited", testEndpointGone},
	{"an endpoint that is no longer its webhook's doesn't disable it", testFormerEndpointGone},
	{"deliveries are deleted with the events of their time", testOldDeliveriesDeleted},
	{"deliveries are deleted with the events of their key", testDeliveriesOfDeletedKey},
	{"deliveries are listed page by page", testDeliveriesListed},
	{"what waits is counted", testBacklog},
	{"instances that publish and deliver together deliver each event once, in order", testDeliveredTogether},
}

// takeDelivery takes a delivery that must be there.
func (f *fixture) takeDelivery(busy ...uuid.UUID) admin.DeliveryRun {
	f.Helper()
	run, found, err := f.Store.TakeDelivery(f.Context(), uuid.New(), busy)
	f.wantError(err, nil)
	if !found {
		f.Fatal("nothing is due")
	}
	return run
}

func (f *fixture) wantNothingDue(busy ...uuid.UUID) {
	f.Helper()
	run, found, err := f.Store.TakeDelivery(f.Context(), uuid.New(), busy)
	f.wantError(err, nil)
	if found {
		f.Fatalf("due is %+v, want nothing", run)
	}
}

// endDelivery ends an attempt. The zero outcome: it is due again at once.
func (f *fixture) endDelivery(run admin.DeliveryRun, outcome admin.DeliveryOutcome) {
	f.Helper()
	if outcome.State == "" {
		outcome.State = admin.DeliveryWaiting
	}
	f.wantError(f.Store.EndDelivery(f.Context(), run, outcome), nil)
}

func (f *fixture) deliver(run admin.DeliveryRun) {
	f.Helper()
	f.endDelivery(run, admin.DeliveryOutcome{State: admin.DeliveryDelivered, Status: 204})
}

func (f *fixture) giveUp(run admin.DeliveryRun) {
	f.Helper()
	f.endDelivery(run, admin.DeliveryOutcome{State: admin.DeliveryDead, Status: 500, Problem: "the endpoint answered 500"})
}

// toggle lets a key have so many events that have places.
func (f *fixture) toggle(id ration.KeyID, times int) {
	f.Helper()
	for range times {
		f.updateKey(id, func(change *admin.KeyChange) {
			if change.Key.Status == ration.StatusActive {
				change.Key.Status = ration.StatusDisabled
			} else {
				change.Key.Status = ration.StatusActive
			}
		})
	}
	f.publish(f.Store)
}

// hooked makes a webhook that is the only one, and a key of which nothing waits.
func (f *fixture) hooked() (admin.Webhook, ration.KeyID) {
	f.Helper()
	f.withoutWebhooks()
	id := f.key("")
	return f.webhook().Webhook, id
}

func (f *fixture) deliveries(filter admin.DeliveryFilter) []admin.Delivery {
	f.Helper()
	deliveries, err := f.Store.ListDeliveries(f.Context(), filter)
	f.wantError(err, nil)
	return deliveries
}

func testDeliveriesOfTypes(f *fixture) {
	f.withoutWebhooks()
	old := f.key("")
	f.publish(f.Store)
	all := f.webhook()
	some := f.webhook(admin.EventKeyDisabled, admin.EventKeyRevoked)
	f.toggle(old, 2)
	created := f.key("")
	f.publish(f.Store)
	told := map[uuid.UUID][]string{}
	for range 4 {
		run := f.takeDelivery()
		told[run.WebhookID] = append(told[run.WebhookID], fmt.Sprintf("%s %t", run.Event.Type, run.Event.KeyID == created))
		f.want("run", []any{run.Event.Position > 0, hookURL, 1, 1, f.now, f.now}, []any{run.Event.Position > 0, run.URL, len(run.Secrets), run.Attempts, run.BegunAt, run.Now})
		event := f.events(run.Event.KeyID, run.Event.Type)[0]
		f.want("event", event, run.Event)
		f.deliver(run)
	}
	f.wantNothingDue()
	slices.Sort(told[all.ID])
	f.want("told", map[uuid.UUID][]string{all.ID: {"key.created true", "key.disabled false", "key.enabled false"}, some.ID: {"key.disabled false"}}, told)
}

func testDeliveriesInOrder(f *fixture) {
	webhook, first := f.hooked()
	f.toggle(first, 3)
	second := f.key("")
	f.publish(f.Store)
	held := f.takeDelivery()
	f.want("key", first, held.Event.KeyID)
	f.want("type", admin.EventKeyDisabled, held.Event.Type)
	other := f.takeDelivery() // the creation of the second key
	f.want("key", second, other.Event.KeyID)
	f.wantNothingDue()
	f.endDelivery(held, admin.DeliveryOutcome{After: time.Minute, Status: 503, Problem: "the endpoint answered 503"})
	f.toggle(second, 1)
	f.wantNothingDue() // each key has one that is sent, or is tried again later
	waiting := f.deliveries(admin.DeliveryFilter{KeyID: first})
	f.want("number", 3, len(waiting))
	for i, d := range waiting {
		want := admin.Delivery{WebhookID: webhook.ID, Event: d.Event, State: admin.DeliveryWaiting, Since: f.now}
		if i == 2 {
			want.Attempts, want.NextAt, want.Status, want.Problem = 1, f.now.Add(time.Minute), 503, "the endpoint answered 503"
		}
		f.want("delivery", want, d)
	}
	f.deliver(other)
	run := f.takeDelivery()
	f.want("event", second.String()+" key.disabled", run.Event.KeyID.String()+" "+string(run.Event.Type))
	f.deliver(run)
	f.advance(time.Minute - time.Microsecond)
	f.wantNothingDue()
	f.advance(time.Microsecond)
	again := f.takeDelivery()
	f.want("again", []any{held.Event, 2, noon}, []any{again.Event, again.Attempts, again.BegunAt})
	for _, kind := range []admin.EventType{admin.EventKeyEnabled, admin.EventKeyDisabled} {
		f.advance(time.Second)
		f.deliver(again)
		again = f.takeDelivery()
		f.want("next", []any{kind, f.now}, []any{again.Event.Type, again.BegunAt})
	}
}

func testDeliveriesOfBusy(f *fixture) {
	busy, id := f.hooked()
	idle := f.webhook().Webhook
	f.toggle(id, 1)
	f.wantNothingDue(busy.ID, idle.ID)
	f.want("webhook", idle.ID, f.takeDelivery(busy.ID).WebhookID)
	f.wantNothingDue(busy.ID)
	f.want("webhook", busy.ID, f.takeDelivery(uuid.New()).WebhookID)
}

func testDeliveryLeases(f *fixture) {
	_, id := f.hooked()
	f.toggle(id, 2)
	lost := f.takeDelivery()
	f.advance(admin.DeliveryLease - time.Microsecond)
	f.wantNothingDue()
	f.advance(time.Microsecond)
	run := f.takeDelivery()
	f.want("taken again", []any{lost.Event.ID, 2}, []any{run.Event.ID, run.Attempts})
	f.deliver(lost)
	f.giveUp(lost)
	f.endDelivery(lost, admin.DeliveryOutcome{Disable: "the endpoint answered 410 Gone"})
	f.wantNothingDue()
	waiting := f.deliveries(admin.DeliveryFilter{State: admin.DeliveryWaiting})
	f.want("waiting", 2, len(waiting))
	f.deliver(run)
	f.giveUp(run) // it has ended
	f.want("dead", 0, len(f.deliveries(admin.DeliveryFilter{State: admin.DeliveryDead})))
	f.want("type", admin.EventKeyEnabled, f.takeDelivery().Event.Type)
	f.want("enabled", true, f.webhooks()[0].Enabled)
}

func testDeliveryClockAhead(f *fixture) {
	_, id := f.hooked()
	f.toggle(id, 1)
	f.setNow(noon.Add(48 * time.Hour))
	f.takeDelivery()
	f.setNow(noon)
	run := f.takeDelivery() // whose lease would end in two days
	f.endDelivery(run, admin.DeliveryOutcome{After: 1000 * time.Hour})
	f.wantNothingDue()
	f.advance(admin.MaxDeliveryPause)
	f.takeDelivery()
}

func testDeadDelivery(f *fixture) {
	webhook, id := f.hooked()
	f.toggle(id, 3)
	f.advance(time.Hour)
	run := f.takeDelivery()
	f.giveUp(run)
	dead := f.deliveries(admin.DeliveryFilter{State: admin.DeliveryDead})
	f.want("dead", []admin.Delivery{{
		WebhookID: webhook.ID, Event: run.Event, State: admin.DeliveryDead, Since: noon, Attempts: 1, Status: 500, Problem: "the endpoint answered 500", EndedAt: f.now,
	}}, dead)
	next := f.takeDelivery()
	f.want("next", []any{admin.EventKeyEnabled, noon}, []any{next.Event.Type, next.BegunAt}) // its time began when it was published
	f.advance(time.Hour)
	f.deliver(next)
	last := f.takeDelivery()
	f.want("last", []any{admin.EventKeyDisabled, f.now}, []any{last.Event.Type, last.BegunAt}) // the endpoint is well again
}

func testReplay(f *fixture) {
	webhook, id := f.hooked()
	f.toggle(id, 4)
	replay := func(run admin.DeliveryRun) (admin.Delivery, error) {
		return f.service().ReplayDelivery(f.Context(), "test", admin.DeliveryID{WebhookID: webhook.ID, EventID: run.Event.ID})
	}
	dead := f.takeDelivery()
	f.giveUp(dead)
	delivered := f.takeDelivery()
	f.deliver(delivered)
	f.advance(time.Minute)
	sending := f.takeDelivery()
	_, err := replay(sending)
	f.wantError(err, ration.ErrConflict) // it is being sent
	behind := f.deliveries(admin.DeliveryFilter{State: admin.DeliveryWaiting})[0]
	_, err = replay(admin.DeliveryRun{Delivery: behind})
	f.wantError(err, ration.ErrConflict) // it comes after that
	for _, run := range []admin.DeliveryRun{delivered, dead} {
		replayed, err := replay(run)
		f.wantError(err, nil)
		want := admin.Delivery{WebhookID: webhook.ID, Event: run.Event, State: admin.DeliveryWaiting, Replayed: true, Since: f.now, NextAt: f.now, Status: replayed.Status, Problem: replayed.Problem}
		f.want("replayed", want, replayed)
		again := f.takeDelivery()
		f.want("sent again", []any{run.Event.ID, 1, f.now}, []any{again.Event.ID, again.Attempts, again.BegunAt})
		f.wantNothingDue()
		f.deliver(again)
		f.wantNothingDue() // and not what waits in order
	}
	f.endDelivery(sending, admin.DeliveryOutcome{After: time.Hour, Problem: "no connection"})
	f.wantNothingDue()
	_, err = replay(sending) // now, instead of in an hour
	f.wantError(err, nil)
	again := f.takeDelivery()
	f.want("again", []any{sending.Event.ID, false}, []any{again.Event.ID, again.Replayed})
	f.wantNothingDue()
	f.deliver(again)
	f.want("the next of the key", behind.Event.ID, f.takeDelivery().Event.ID)
	entries, err := f.Store.ListAudit(f.Context(), admin.AuditFilter{Target: "webhook:" + webhook.ID.String(), Action: "webhook.replay"})
	f.wantError(err, nil)
	f.want("audit entries", 3, len(entries))
	f.enableWebhook(webhook.ID, false)
	_, err = replay(dead)
	f.wantError(err, ration.ErrConflict)
	_, err = f.service().ReplayDead(f.Context(), "test", webhook.ID)
	f.wantError(err, ration.ErrConflict)
}

func testReplayDead(f *fixture) {
	webhook, id := f.hooked()
	f.toggle(id, 5)
	for range 4 {
		f.giveUp(f.takeDelivery())
	}
	replay := func(most int) int {
		count, err := f.Store.ReplayDead(f.Context(), webhook.ID, most, func(count int) (admin.AuditEntry, error) {
			return entry("webhook.replay_dead", fmt.Sprint("webhook:", count)), nil
		})
		f.wantError(err, nil)
		return count
	}
	f.want("replayed", 3, replay(3))
	f.want("dead", 1, len(f.deliveries(admin.DeliveryFilter{State: admin.DeliveryDead})))
	f.want("replayed", 1, replay(3))
	f.want("replayed", 0, replay(3))
	var positions []int64
	for range 5 { // with the one that waited in order
		positions = append(positions, f.takeDelivery().Event.Position)
	}
	f.wantNothingDue()
	slices.Sort(positions)
	f.want("number of events", 5, len(slices.Compact(positions)))
	for count, want := range map[int]int{3: 1, 1: 1, 0: 0} {
		entries, err := f.Store.ListAudit(f.Context(), admin.AuditFilter{Target: fmt.Sprint("webhook:", count)})
		f.wantError(err, nil)
		f.want("audit entries", want, len(entries))
	}
}

func testDisabledWebhook(f *fixture) {
	webhook, id := f.hooked()
	f.toggle(id, 2)
	other := f.key("")
	f.publish(f.Store)
	sending := f.takeDelivery()
	f.endDelivery(f.takeDelivery(), admin.DeliveryOutcome{After: 5 * time.Hour}) // of the other key
	f.enableWebhook(webhook.ID, false)
	f.advance(time.Hour)
	f.wantNothingDue()
	for _, d := range f.deliveries(admin.DeliveryFilter{State: admin.DeliveryWaiting}) {
		f.want("next attempt", time.Time{}, d.NextAt)
	}
	f.deliver(sending) // is believed
	f.wantNothingDue()
	f.toggle(other, 1) // is not kept for it
	f.want("deliveries", 3, len(f.deliveries(admin.DeliveryFilter{WebhookID: webhook.ID})))
	f.enableWebhook(webhook.ID, true)
	told := map[ration.KeyID]admin.EventType{}
	for range 2 {
		run := f.takeDelivery()
		told[run.Event.KeyID] = run.Event.Type
		f.want("begun", f.now, run.BegunAt) // the time while it was disabled doesn't count
	}
	f.wantNothingDue()
	f.want("told", map[ration.KeyID]admin.EventType{id: admin.EventKeyEnabled, other: admin.EventKeyCreated}, told)
}

func testFormerEndpointGone(f *fixture) {
	webhook, id := f.hooked()
	f.toggle(id, 1)
	run := f.takeDelivery()
	f.changeWebhook(admin.WebhookPatch{ID: webhook.ID, URL: new("https://example.com/moved")})
	f.endDelivery(run, admin.DeliveryOutcome{Status: 410, Problem: "gone", Disable: "gone"})
	f.want("enabled", true, f.webhooks()[0].Enabled)
	f.want("address of the next attempt", "https://example.com/moved", f.takeDelivery().URL)
}

func testEndpointGone(f *fixture) {
	const gone = "the endpoint answered 410 Gone"
	webhook, id := f.hooked()
	f.toggle(id, 2)
	run := f.takeDelivery()
	f.advance(time.Second)
	f.endDelivery(run, admin.DeliveryOutcome{Status: 410, Problem: gone, Disable: gone})
	f.wantNothingDue()
	listed := f.webhooks()[0]
	f.want("webhook", []any{false, gone, f.now}, []any{listed.Enabled, listed.DisabledReason, listed.UpdatedAt})
	entries, err := f.Store.ListAudit(f.Context(), admin.AuditFilter{Target: "webhook:" + webhook.ID.String()})
	f.wantError(err, nil)
	if last := entries[0]; last.Actor != "ration" || last.Action != "webhook.update" || !strings.Contains(string(last.Details), gone) {
		f.Errorf("audit entry %+v, want one of the product itself with the reason", last)
	}
	if enabled := f.enableWebhook(webhook.ID, true); enabled.DisabledReason != "" {
		f.Errorf("enabled again: %+v, want no reason", enabled)
	}
	f.want("sent again", run.Event.ID, f.takeDelivery().Event.ID)
}

// testOldDeliveriesDeleted deletes what has waited while its webhook was disabled.
func testOldDeliveriesDeleted(f *fixture) {
	if f.Purge == nil {
		f.t.Skip("nothing is deleted")
	}
	defer f.setNow(noon)
	f.setNow(noon.AddDate(1, 0, 0))
	webhook, id := f.hooked()
	f.toggle(id, 2)
	f.enableWebhook(webhook.ID, false)
	f.advance(50 * day)
	f.enableWebhook(webhook.ID, true)
	f.toggle(id, 1)
	f.advance(51 * day)
	f.purge()
	left := f.deliveries(admin.DeliveryFilter{})
	f.want("left", 1, len(left))
	run := f.takeDelivery() // which was behind those that are gone
	f.want("event", left[0].Event, run.Event)
	f.wantNothingDue()
}

func testDeliveriesOfDeletedKey(f *fixture) {
	defer f.setNow(noon)
	webhook, _ := f.hooked()
	id := f.ask("ann@example.com").Request.KeyID
	f.publish(f.Store)
	f.want("deliveries", 1, len(f.deliveries(admin.DeliveryFilter{WebhookID: webhook.ID, KeyID: id})))
	f.advance(admin.RequestLife + admin.RequestRetention + time.Second)
	f.deleteAsked()
	f.want("deliveries", 0, len(f.deliveries(admin.DeliveryFilter{})))
	f.wantNothingDue()
	backlogs, _, err := f.Store.Backlog(f.Context())
	f.wantError(err, nil)
	f.want("waiting", 0, backlogs[0].Waiting)
}

// testDeliveredTogether has instances change keys, publish and deliver at the same moment.
// Each ends what it has taken at once, so a line that is forgotten leaves something that
// waits and is never due.
func testDeliveredTogether(f *fixture) {
	f.withoutWebhooks()
	ids := make([]ration.KeyID, 6)
	for i := range ids {
		ids[i] = f.key("")
	}
	webhooks := []admin.Webhook{f.webhook().Webhook, f.webhook().Webhook}
	stores := f.instances(2)
	const times = 8
	var mu sync.Mutex
	told := map[string][]int64{}
	var changing, delivering sync.WaitGroup
	for i, id := range ids {
		changing.Go(func() {
			for n := range times {
				store := stores[(i+n)%len(stores)]
				_, err := store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
					change.Key.Status, change.Audit = []ration.Status{ration.StatusDisabled, ration.StatusActive}[n%2], entry("key.update", id.String())
					return nil
				})
				if err == nil {
					_, err = store.PublishEvents(f.Context())
				}
				if err != nil {
					f.Errorf("changing and publishing: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	for i := range 4 {
		delivering.Go(func() {
			store, last := stores[i%len(stores)], false
			for {
				run, found, err := store.TakeDelivery(f.Context(), uuid.New(), nil)
				switch {
				case err != nil:
					f.Errorf("taking: %v", err)
					return
				case found:
					mu.Lock()
					line := run.WebhookID.String() + run.Event.KeyID.String()
					told[line] = append(told[line], run.Event.Position)
					mu.Unlock()
					state := []admin.DeliveryState{admin.DeliveryDelivered, admin.DeliveryDead}[run.Event.Position%2]
					if err := store.EndDelivery(f.Context(), run, admin.DeliveryOutcome{State: state}); err != nil {
						f.Errorf("ending: %v", err)
						return
					}
				case last:
					return
				}
				select {
				case <-done:
					last = !found
				default:
				}
			}
		})
	}
	changing.Wait()
	f.publish(f.Store)
	close(done)
	delivering.Wait()
	f.want("waiting", 0, len(f.deliveries(admin.DeliveryFilter{State: admin.DeliveryWaiting})))
	f.want("lines", len(ids)*len(webhooks), len(told))
	for line, positions := range told {
		if len(positions) != times || !slices.IsSorted(positions) {
			f.Errorf("%s was told %v, want %d events in order", line, positions, times)
		}
	}
}
