package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// memoryEvents is what has happened to keys. Whoever reads or writes it has the lock of
// the keys.
type memoryEvents struct {
	all     []admin.Event // in the order in which they happened
	marks   map[nameOfKey]bool
	places  int64
	deleted int64                      // the last place whose event was
	told    map[ration.KeyID]time.Time // of which expiry
}

// tell writes what the items of an account have caused.
func (m *memory) tell(id ration.KeyID, account *ledger.Account) {
	for _, event := range admin.DecidedEvents(account) {
		mark := nameOfKey{id, event.Mark}
		if !m.events.marks[mark] || m.fault == tellsAgain {
			m.events.marks[mark] = true
			m.events.all = append(m.events.all, event.Event)
		}
	}
}

// tellChange writes what a change of a key tells.
func (m *memory) tellChange(change *admin.KeyChange) {
	for _, event := range admin.EventsOf(change, m.keys[change.Key.ID]) {
		m.events.all = append(m.events.all, event.Event)
	}
}

func (m *memory) PublishEvents(context.Context) (published int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.publish(admin.MostPublished), nil
}

func (m *memory) publish(most int) (published int) {
	for i := range m.events.all {
		if event := &m.events.all[i]; event.Position == 0 && published < most {
			m.events.places++
			event.Position = admin.FeedBegins + m.events.places
			m.deliver(event)
			published++
		}
	}
	return published
}

func (m *memory) ListEvents(_ context.Context, filter admin.EventFilter) (page admin.EventsPage, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	feed := admin.Feed{Last: admin.FeedBegins + m.events.places, Deleted: m.events.deleted}
	if err := feed.Check(filter.After); err != nil {
		return page, err
	}
	var events []admin.Event
	for _, event := range m.events.all {
		if event.Position > filter.After && (filter.Before == 0 || event.Position < filter.Before && event.Position > 0) && (filter.KeyID.IsZero() || event.KeyID == filter.KeyID) && (filter.Type == "" || event.Type == filter.Type) {
			events = append(events, event)
		}
	}
	if filter.Latest {
		slices.Reverse(events)
		return feed.Latest(atMost(events, filter.Limit, 1000), cmp.Or(filter.Limit, 1000)), nil
	}
	return feed.Page(atMost(events, filter.Limit, 1000), cmp.Or(filter.Limit, 1000)), nil
}

func (m *memory) TellExpiring(context.Context) (told int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, record := range m.keys {
		event, soon := admin.ExpiringOf(&record.Key, m.time())
		if soon && !m.events.told[id].Equal(record.ExpiresAt) {
			m.events.told[id] = record.ExpiresAt
			m.events.all = append(m.events.all, event.Event)
			told++
		}
	}
	return told, nil
}

// purgeEvents deletes the beginning of the feed, up to the first event that is kept.
func (m *memory) purgeEvents(before time.Time) {
	m.publish(len(m.events.all))
	for len(m.events.all) > 0 && m.events.all[0].Position > 0 && m.events.all[0].At.Before(before) {
		m.events.deleted = m.events.all[0].Position
		m.deleteEvents(func(e admin.Event) bool { return e.Position == m.events.deleted })
	}
}
