package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// ListMeters returns one page of the meters that were given a unit, by name.
func (a *Admin) ListMeters(ctx context.Context, query NameQuery) (api.Page[api.Meter], error) {
	return list[api.Meter](ctx, a, "/meters", query.Values())
}

// Meters returns all of them, page by page. The sequence ends after an error.
func (a *Admin) Meters(ctx context.Context, query NameQuery) iter.Seq2[api.Meter, error] {
	return items(query.Cursor, func(cursor string) (api.Page[api.Meter], error) {
		query.Cursor = cursor
		return a.ListMeters(ctx, query)
	})
}

// SetMeter gives a meter its unit. Something that counts on the meter in another unit is
// a conflict.
func (a *Admin) SetMeter(ctx context.Context, name string, unit api.MeterUnit) (api.Meter, error) {
	return change[api.Meter](ctx, a, http.MethodPut, "/meters/"+url.PathEscape(name), unit)
}
