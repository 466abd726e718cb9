package client

import (
	"context"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// EventQuery selects events of the feed. A zero field does not restrict the selection.
type EventQuery struct {
	After  string // of the answer before; empty: from the oldest event that is kept
	Key    string
	Type   string
	Latest bool   // the latest events, the last first, instead of the next ones
	Before string // with Latest: Before of the answer before
	Limit  int    // most events of the answer, at most 1,000; 0: as the server likes
}

// Values returns the parameters of the request.
func (q EventQuery) Values() url.Values {
	latest := ""
	if q.Latest {
		latest = "true"
	}
	return queryOf("after", q.After, "latest", latest, "before", q.Before, "key", q.Key, "type", q.Type, "limit", number(q.Limit))
}

// Events returns the next events of the feed. To follow it, ask again with After of the
// answer; when there was no event, after a pause.
func (a *Admin) Events(ctx context.Context, query EventQuery) (api.Events, error) {
	return read[api.Events](ctx, a, "/events", query.Values())
}
