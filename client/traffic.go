package client

import (
	"context"
	"strings"

	"github.com/ration-dev/ration/api"
)

// TrafficQuery asks for answers that servers gave, added up.
type TrafficQuery struct {
	From, To string   // dates such as 2030-01-31, both included; empty: the last 400 days
	GroupBy  []string // hour, day or month, via, code
	Zone     string   // the IANA time zone of all dates; empty: UTC
	Limit    int      // most sums; 0: 1,000
}

// Traffic adds up how many requests were answered, and how.
func (a *Admin) Traffic(ctx context.Context, query TrafficQuery) (api.TrafficReport, error) {
	pairs := []string{"from", query.From, "to", query.To, "group_by", strings.Join(query.GroupBy, ","), "zone", query.Zone, "limit", number(query.Limit)}
	return read[api.TrafficReport](ctx, a, "/traffic", queryOf(pairs...))
}
