package admin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// ListEvents returns the next events of the feed. It first gives places to what has been
// committed, so that whoever asks finds all that has happened.
func (s *Service) ListEvents(ctx context.Context, filter EventFilter) (EventsPage, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return EventsPage{}, err
	}
	if filter.Latest && filter.After != 0 || !filter.Latest && filter.Before != 0 || filter.Before < 0 {
		return EventsPage{}, &ration.InvalidError{Field: "before", Reason: "use it with latest, and without after"}
	}
	if filter.After < 0 {
		return EventsPage{}, &ration.InvalidError{Field: "after", Reason: "use a place in the feed, or 0 to begin"}
	}
	if err := validateEventType(filter.Type); err != nil {
		return EventsPage{}, err
	}
	if err := s.publish(ctx); err != nil {
		return EventsPage{}, err
	}
	return s.store.ListEvents(ctx, filter)
}

// publishPatience is how long a reader waits to publish.
const publishPatience = time.Second

// publish does without if somebody keeps the feed locked: what has places can be read.
func (s *Service) publish(ctx context.Context) error {
	patient, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	err := Publish(patient, s.store)
	if ctx.Err() == nil && (patient.Err() != nil || errors.Is(err, ration.ErrStoreUnavailable)) {
		return nil
	}
	return err
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
