package client

import (
	"context"

	"github.com/ration-dev/ration/api"
)

// System says what answers: the instance that is asked, and its database.
func (a *Admin) System(ctx context.Context) (api.System, error) {
	return read[api.System](ctx, a, "/system", nil)
}

// SummaryQuery says what of a summary to show.
type SummaryQuery struct {
	Meter string // that the first keys have used most of; empty: requests
	Limit int    // most keys of each list; 0: 100
}

// Summary returns the keys that used most today and those nearest to a limit. While the
// first summary is being made, the error has the code "summary_being_made".
func (a *Admin) Summary(ctx context.Context, query SummaryQuery) (api.Summary, error) {
	return read[api.Summary](ctx, a, "/summary", queryOf("meter", query.Meter, "limit", number(query.Limit)))
}

// Instances returns the instances that serve on the database.
func (a *Admin) Instances(ctx context.Context) (api.Instances, error) {
	return read[api.Instances](ctx, a, "/instances", nil)
}
