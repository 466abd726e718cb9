package adminclient

import (
	"context"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// System implements admin.Operations.
func (o *Operations) System(ctx context.Context) (admin.System, error) {
	system, err := o.admin.System(ctx)
	return answered(system, err, func(s api.System) (admin.System, error) {
		instance := admin.Instance{Version: s.Version, Revision: s.Revision, Modified: s.Modified, Go: s.Go, Platform: s.Platform, StartedAt: s.StartedAt}
		if len(s.Weakened) > 0 {
			instance.Weakened = s.Weakened
		}
		database := admin.Database{Kind: s.Database.Kind, Version: s.Database.Version, Schema: s.Database.SchemaVersion, Size: s.Database.Size}
		return admin.System{Instance: instance, Database: database, At: s.At}, nil
	})
}
