package adminclient

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
)

// ListEvents implements admin.Operations.
func (o *Operations) ListEvents(ctx context.Context, filter admin.EventFilter) (admin.EventsPage, error) {
	query := client.EventQuery{Type: string(filter.Type), Limit: filter.Limit, Latest: filter.Latest}
	if filter.Before > 0 {
		query.Before = strconv.FormatInt(filter.Before, 10)
	}
	if filter.After > 0 {
		query.After = strconv.FormatInt(filter.After, 10)
	}
	if !filter.KeyID.IsZero() {
		query.Key = filter.KeyID.String()
	}
	events, err := o.admin.Events(ctx, query)
	return answered(events, err, func(e api.Events) (page admin.EventsPage, err error) {
		if page.Events, err = all(e.Items, readEvent); err == nil {
			page.After, err = strconv.ParseInt(e.After, 10, 64)
		}
		if err == nil && e.Before != "" {
			page.Before, err = strconv.ParseInt(e.Before, 10, 64)
		}
		return page, err
	})
}

func readEvent(e api.Event) (admin.Event, error) {
	id, idErr := uuid.Parse(e.ID)
	key, keyErr := ration.ParseKeyID(e.KeyID)
	return admin.Event{ID: id, Type: admin.EventType(e.Type), At: e.Time, KeyID: key, KeyName: e.KeyName, Owner: e.Owner, Data: e.Data}, errors.Join(idErr, keyErr)
}
