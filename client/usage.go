package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/ration-dev/ration/api"
)

// UsageQuery selects days of the history. A zero field does not restrict the selection.
type UsageQuery struct {
	Key, Owner, Meter string
	From, To          string // dates such as 2030-01-31, both included
}

func (q UsageQuery) pairs() []string {
	return []string{"key", q.Key, "owner", q.Owner, "meter", q.Meter, "from", q.From, "to", q.To}
}

// UsageDaysQuery is a part of the history by day. Its orders are "date" and "-date".
type UsageDaysQuery struct {
	UsageQuery
	Keys []string // only these keys, by their ids
	Paging
}

// Values returns the parameters of the request.
func (q UsageDaysQuery) Values() url.Values {
	return q.parameters(append(q.pairs(), "keys", strings.Join(q.Keys, ","))...)
}

// ListUsageDays returns one page of what was used by key, meter and day.
func (a *Admin) ListUsageDays(ctx context.Context, query UsageDaysQuery) (api.Page[api.UsageDay], error) {
	return list[api.UsageDay](ctx, a, "/usage/days", query.Values())
}

// UsageDays returns all days that match, page by page. The sequence ends after an error.
func (a *Admin) UsageDays(ctx context.Context, query UsageDaysQuery) iter.Seq2[api.UsageDay, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.UsageDay], error) {
		query.Cursor = cursor
		return a.ListUsageDays(ctx, query)
	})
}

// UsageSumQuery asks for usage, added up.
type UsageSumQuery struct {
	UsageQuery
	GroupBy []string // key, owner, plan, hour, day, month, meter
	Zone    string   // the IANA time zone of all dates; empty: each key's own
	Limit   int      // most sums; 0: 1,000
}

// SumUsage adds usage up.
func (a *Admin) SumUsage(ctx context.Context, query UsageSumQuery) (api.UsageReport, error) {
	pairs := append(query.pairs(), "group_by", strings.Join(query.GroupBy, ","), "zone", query.Zone, "limit", number(query.Limit))
	return read[api.UsageReport](ctx, a, "/usage", queryOf(pairs...))
}

// ImportUsage raises the usage of days to at least what was counted elsewhere, in one
// transaction.
func (a *Admin) ImportUsage(ctx context.Context, usage api.UsageImport) (api.UsageImported, error) {
	return change[api.UsageImported](ctx, a, http.MethodPost, "/usage/import", usage)
}
