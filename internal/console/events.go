package console

import (
	"errors"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerEvents() { c.get("/events", c.events) }

const (
	eventsOnPage = 50
	// eventsOfKey is how many events the page of a key has.
	eventsOfKey = 10
	// keysToChoose is how many keys a search offers whose events somebody looks for.
	keysToChoose = 20
)

// eventsPage is what the page shows.
type eventsPage struct {
	Search, Type string
	Types        []rationadmin.EventType
	Rows         []eventRow
	Choices      []rationadmin.KeyRecord // keys that the search finds, if it isn't one
	More         bool                    // it finds more than these
	NoKey        bool                    // it finds none
	First        bool                    // no earlier page
	Pager        pager
}

// Filtered reports whether some events are left out.
func (p *eventsPage) Filtered() bool { return p.Search != "" || p.Type != "" }

// events shows what has happened to keys, the newest first.
func (c *Console) events(v *visit) error {
	values := v.r.URL.Query()
	if values.Has("q") {
		values.Set("q", searched(values.Get("q")))
	}
	page := eventsPage{Search: strings.TrimSpace(values.Get("q")), Type: values.Get("type"), Types: rationadmin.EventTypes}
	filter := rationadmin.EventFilter{Type: rationadmin.EventType(page.Type), Limit: eventsOnPage + 1}
	if after := values.Get("after"); after != "" {
		var err error
		if filter.After, err = strconv.ParseInt(after, 10, 64); err != nil || filter.After <= 0 {
			return &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
	}
	page.First = filter.After == 0
	if err := page.findKey(v, &filter); err != nil {
		return err
	}
	next := ""
	if !page.NoKey && page.Choices == nil {
		found, err := v.latestEvents(filter)
		if err != nil {
			return err
		}
		if len(found) > eventsOnPage {
			found = found[:eventsOnPage]
			next = strconv.FormatInt(found[eventsOnPage-1].Position, 10)
		}
		page.Rows = eventRows(found, "")
	}
	page.Pager = newPager("/events", values, next)
	v.show(200, "events", layout{Title: "Events", Section: "/events", Page: &page})
	return nil
}

// findKey finds the key that somebody looks for, by its id or as in the list of keys.
func (p *eventsPage) findKey(v *visit, filter *rationadmin.EventFilter) error {
	if p.Search == "" {
		return nil
	}
	if id, err := ration.ParseKeyID(p.Search); err == nil {
		filter.KeyID = id
		return nil
	}
	found, err := v.Operations.ListKeys(v.ctx, admin.KeyFilter{Search: p.Search, Limit: keysToChoose})
	if err != nil {
		return err
	}
	switch len(found.Keys) {
	case 0:
		p.NoKey = true
	case 1:
		filter.KeyID = found.Keys[0].ID
	default:
		p.Choices, p.More = found.Keys, !found.Next.IsZero()
	}
	return nil
}

// latestEventsOf returns the latest events of a key. Whoever sees only some keys sees no
// events.
func (v *visit) latestEventsOf(id ration.KeyID, zone string) ([]eventRow, error) {
	found, err := v.latestEvents(rationadmin.EventFilter{KeyID: id, Limit: eventsOfKey})
	if errors.Is(err, admin.ErrOutOfReach) {
		return nil, nil
	}
	return eventRows(found, zone), err
}

// latestEvents returns events before a place of the feed, the newest first.
func (v *visit) latestEvents(filter rationadmin.EventFilter) ([]rationadmin.Event, error) {
	before, most := filter.After, filter.Limit
	filter.After, filter.Limit = 0, 0
	var latest []rationadmin.Event
	for {
		page, err := v.Operations.ListEvents(v.ctx, filter)
		if err != nil {
			return nil, err
		}
		for i := range page.Events {
			if before == 0 || page.Events[i].Position < before {
				latest = append([]rationadmin.Event{page.Events[i]}, latest[:min(len(latest), most-1)]...)
			}
		}
		if len(page.Events) == 0 || filter.After == page.After {
			return latest, nil
		}
		filter.After = page.After
	}
}
