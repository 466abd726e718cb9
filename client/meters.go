package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// ListMeters returns the meters that were given a unit, by name.
func (a *Admin) ListMeters(ctx context.Context) ([]api.Meter, error) {
	page, err := read[api.Page[api.Meter]](ctx, a, "/meters", nil)
	return page.Items, err
}

// SetMeter gives a meter its unit. Something that counts on the meter in another unit is
// a conflict.
func (a *Admin) SetMeter(ctx context.Context, name string, unit api.MeterUnit) (api.Meter, error) {
	return change[api.Meter](ctx, a, http.MethodPut, "/meters/"+url.PathEscape(name), unit)
}
