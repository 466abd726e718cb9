package wire

import (
	"strconv"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Events returns a part of the feed of events.
func Events(page admin.EventsPage) api.Events {
	events := api.Events{Items: convert(page.Events, Event), After: strconv.FormatInt(page.After, 10)}
	if page.Before > 0 {
		events.Before = strconv.FormatInt(page.Before, 10)
	}
	return events
}

// Event returns an event.
func Event(e admin.Event) api.Event {
	return api.Event{ID: e.ID.String(), Type: string(e.Type), Time: e.At.UTC(), KeyID: e.KeyID.String(), KeyName: e.KeyName, Owner: e.Owner, Data: e.Data}
}
