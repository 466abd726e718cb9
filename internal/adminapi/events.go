package adminapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

const tagEvents = "events"

func (a *API) registerEvents() {
	register(a, operation{
		id: "listEvents", method: http.MethodGet, path: "/events", tag: tagEvents, scope: scopeRead,
		summary: "Read the feed of events",
		about: "Events of one key come in the order in which they happened, and none is missed or comes twice if each request has after of the answer before. " +
			"Events are kept for 30 days, or as events_days says. " +
			"The answer is 409 if the feed has never been at after: the database was restored from a backup, or is another one.",
		errors: []int{http.StatusConflict},
	}, listEvents)
}

type listEventsInput struct {
	After  string `query:"after" doc:"After of the answer before. Without it, the feed begins with the oldest event that is kept."`
	Latest bool   `query:"latest" doc:"The latest events, the last first, instead of the next ones."`
	Before string `query:"before" doc:"With latest: before of the answer before."`
	Key    string `query:"key" doc:"Only events of this key, by its id."`
	Type   string `query:"type" doc:"Only events of this type, such as key.limit_threshold."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most events of the answer."`
}

func listEvents(ctx context.Context, c Caller, in *listEventsInput) (*reply[api.Events], error) {
	filter := admin.EventFilter{Type: admin.EventType(in.Type), Limit: in.Limit, Latest: in.Latest}
	var err error
	if filter.KeyID, err = readKeyParameter(in.Key); err != nil {
		return nil, err
	}
	if in.After != "" {
		if filter.After, err = strconv.ParseInt(in.After, 10, 64); err != nil || filter.After < 0 {
			return nil, invalidForm("?after", "use after of the answer before")
		}
	}
	if in.Before != "" {
		if filter.Before, err = strconv.ParseInt(in.Before, 10, 64); err != nil || filter.Before <= 0 {
			return nil, invalidForm("?before", "use before of the answer before")
		}
	}
	page, err := c.Operations.ListEvents(ctx, filter)
	if err != nil {
		return nil, err
	}
	return replyWith(wire.Events(page), nil)
}
