package console

import (
	"errors"
	"net/http"
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
	eventsOfKey = 5
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
	filter := rationadmin.EventFilter{Type: rationadmin.EventType(page.Type), Latest: true, Limit: eventsOnPage + 1}
	if after := values.Get("after"); after != "" {
		var err error
		if filter.Before, err = strconv.ParseInt(after, 10, 64); err != nil || filter.Before <= 0 {
			return &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
	}
	page.First = filter.Before == 0
	if err := page.findKey(v, &filter); err != nil {
		return err
	}
	next := ""
	if !page.NoKey && page.Choices == nil {
		found, err := v.Operations.ListEvents(v.ctx, filter)
		if err != nil {
			return err
		}
		if len(found.Events) > eventsOnPage {
			found.Events = found.Events[:eventsOnPage]
			next = strconv.FormatInt(found.Events[eventsOnPage-1].Position, 10)
		}
		page.Rows = eventRows(found.Events, "")
	}
	page.Pager = newPager("/events", values, next)
	v.show(http.StatusOK, "events", layout{Title: "Events", Section: "/events", Page: &page})
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
	found, err := v.Operations.ListEvents(v.ctx, rationadmin.EventFilter{KeyID: id, Latest: true, Limit: eventsOfKey})
	if errors.Is(err, admin.ErrOutOfReach) {
		return nil, nil
	}
	return eventRows(found.Events, zone), err
}
