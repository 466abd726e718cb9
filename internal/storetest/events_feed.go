package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func testFeed(f *fixture) {
	ids := []ration.KeyID{f.key(""), f.key("")}
	f.publish(f.Store)
	all, err := f.Store.ListEvents(f.Context(), admin.EventFilter{})
	f.wantError(err, nil)
	start := all.After
	for range 3 {
		for _, id := range ids {
			f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
			f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusActive })
		}
	}
	unpublished, err := f.Store.ListEvents(f.Context(), admin.EventFilter{After: start})
	f.wantError(err, nil)
	f.want("events without a place", 0, len(unpublished.Events))
	f.publish(f.Store)
	var paged []admin.Event
	for after := start; ; {
		page, err := f.Store.ListEvents(f.Context(), admin.EventFilter{After: after, Limit: 5})
		f.wantError(err, nil)
		if len(page.Events) == 0 {
			break
		}
		after = page.After
		paged = append(paged, page.Events...)
	}
	f.want("number of events", 12, len(paged))
	for i, event := range paged {
		if event.Position != start+int64(i)+1 {
			f.Errorf("event %d has place %d, want %d", i, event.Position, start+int64(i)+1)
		}
	}
	enabled, err := f.Store.ListEvents(f.Context(), admin.EventFilter{After: start, KeyID: ids[1], Type: admin.EventKeyEnabled})
	f.wantError(err, nil)
	f.want("number of events of a type", 3, len(enabled.Events))
	for _, event := range enabled.Events {
		if event.KeyID != ids[1] || event.Type != admin.EventKeyEnabled {
			f.Errorf("listed %+v", event)
		}
	}
}

func testLatestEvents(f *fixture) {
	id, other := f.key(""), f.key("")
	f.toggle(id, 5)
	want := f.events(id, "")
	slices.Reverse(want)
	var paged []admin.Event
	filter := admin.EventFilter{KeyID: id, Latest: true, Limit: 2}
	for {
		page, err := f.service().ListEvents(f.Context(), filter)
		f.wantError(err, nil)
		f.want("end of the feed", want[0].Position, page.After)
		paged = append(paged, page.Events...)
		if filter.Before = page.Before; page.Before == 0 {
			break
		}
	}
	f.want("paged", want, paged)
	f.key("") // has no place for the store
	page, err := f.Store.ListEvents(f.Context(), admin.EventFilter{Latest: true, Limit: 1})
	f.wantError(err, nil)
	f.want("latest", want[:1], page.Events)
	page, err = f.Store.ListEvents(f.Context(), admin.EventFilter{Latest: true, KeyID: other, Type: admin.EventKeyCreated})
	f.wantError(err, nil)
	f.want("of a type", []any{1, int64(0)}, []any{len(page.Events), page.Before})
	for _, filter := range []admin.EventFilter{{Latest: true, After: 2}, {Before: 3}, {Latest: true, Before: -1}} {
		_, err := f.service().ListEvents(f.Context(), filter)
		if _, invalid := errors.AsType[*ration.InvalidError](err); !invalid {
			f.Errorf("%+v: error %v, want an invalid place", filter, err)
		}
	}
}

// testPlaceBeyondFeed reads on where a feed was that a restore has set back.
func testPlaceBeyondFeed(f *fixture) {
	f.key("")
	page, err := f.service().ListEvents(f.Context(), admin.EventFilter{})
	f.wantError(err, nil)
	_, err = f.service().ListEvents(f.Context(), admin.EventFilter{After: page.After})
	f.wantError(err, nil)
	_, err = f.service().ListEvents(f.Context(), admin.EventFilter{After: page.After + 1})
	f.wantError(err, ration.ErrConflict)
}

func testPublishedTogether(f *fixture) {
	f.publish(f.Store)
	all, err := f.Store.ListEvents(f.Context(), admin.EventFilter{Limit: 1000})
	f.wantError(err, nil)
	start := all.After
	stores, keys := f.instances(2), 8
	ids := make([]ration.KeyID, keys)
	for i := range ids {
		ids[i] = f.key("")
	}
	var group sync.WaitGroup
	for i, id := range ids {
		group.Go(func() {
			for _, status := range []ration.Status{ration.StatusDisabled, ration.StatusActive, ration.StatusRevoked} {
				_, err := stores[i%len(stores)].UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
					change.Key.Status, change.Audit = status, entry("key.update", id.String())
					return nil
				})
				if err == nil {
					_, err = stores[(i+1)%len(stores)].PublishEvents(f.Context())
				}
				if err != nil {
					f.Errorf("changing and publishing: %v", err)
				}
			}
		})
	}
	group.Wait()
	f.publish(f.Store)
	page, err := f.Store.ListEvents(f.Context(), admin.EventFilter{After: start})
	f.wantError(err, nil)
	events := page.Events
	f.want("number of events", 4*keys, len(events))
	byKey := map[ration.KeyID][]admin.EventType{}
	for i, event := range events {
		byKey[event.KeyID] = append(byKey[event.KeyID], event.Type)
		if event.Position != start+int64(i)+1 {
			f.Errorf("event %d has place %d, want %d", i, event.Position, start+int64(i)+1)
		}
	}
	for id, types := range byKey {
		f.want("events of "+id.String(), []admin.EventType{admin.EventKeyCreated, admin.EventKeyDisabled, admin.EventKeyEnabled, admin.EventKeyRevoked}, types)
	}
}

func testEventsOfDeletedKey(f *fixture) {
	id := f.ask("ann@example.com").Request.KeyID
	f.wantTypes(id, admin.EventKeyRequested)
	f.advance(admin.RequestLife + admin.RequestRetention + time.Second)
	f.deleteAsked()
	f.wantTypes(id)
}
