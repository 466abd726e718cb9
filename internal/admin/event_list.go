package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// ListEvents returns the next events of the feed. It first gives places to what has been
// committed, so that whoever asks finds all that has happened.
func (s *Service) ListEvents(ctx context.Context, filter EventFilter) (EventsPage, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return EventsPage{}, err
	}
	if filter.After < 0 {
		return EventsPage{}, &ration.InvalidError{Field: "after", Reason: "use a place in the feed, or 0 to begin"}
	}
	if err := validateEventType(filter.Type); err != nil {
		return EventsPage{}, err
	}
	if err := Publish(ctx, s.store); err != nil {
		return EventsPage{}, err
	}
	events, err := s.store.ListEvents(ctx, filter)
	if err != nil {
		return EventsPage{}, err
	}
	page := EventsPage{Events: events, After: filter.After}
	if len(events) > 0 {
		page.After = events[len(events)-1].Position
	}
	return page, nil
}

func validateEventType(kind EventType) error {
	if kind == "" || slices.Contains(rationadmin.EventTypes, kind) {
		return nil
	}
	names := make([]string, len(rationadmin.EventTypes))
	for i, name := range rationadmin.EventTypes {
		names[i] = string(name)
	}
	return &ration.InvalidError{Field: "type", Value: string(kind), Reason: "use one of these types: " + strings.Join(names, ", ")}
}
