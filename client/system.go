package client

import (
	"context"

	"github.com/ration-dev/ration/api"
)

// System says what answers: the instance that is asked, and its database.
func (a *Admin) System(ctx context.Context) (api.System, error) {
	return read[api.System](ctx, a, "/system", nil)
}

// Instances returns the instances that serve on the database.
func (a *Admin) Instances(ctx context.Context) (api.Instances, error) {
	return read[api.Instances](ctx, a, "/instances", nil)
}
