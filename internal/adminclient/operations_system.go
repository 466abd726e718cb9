package adminclient

import (
	"context"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// System implements admin.Operations.
func (o *Operations) System(ctx context.Context) (admin.System, error) {
	system, err := o.admin.System(ctx)
	return answered(system, err, func(s api.System) (system admin.System, err error) {
		instance := &system.Instance
		*instance = admin.Instance{Name: s.Name, Version: s.Version, Revision: s.Revision, Modified: s.Modified, Go: s.Go, Platform: s.Platform, StartedAt: s.StartedAt}
		if len(s.Weakened) > 0 {
			instance.Weakened = s.Weakened
		}
		if s.ID != "" {
			instance.ID, err = uuid.Parse(s.ID)
		}
		system.Database = admin.Database{Kind: s.Database.Kind, Version: s.Database.Version, Schema: s.Database.SchemaVersion, Size: s.Database.Size}
		system.At = s.At
		return system, err
	})
}

// ListInstances implements admin.Operations.
func (o *Operations) ListInstances(ctx context.Context) (admin.Instances, error) {
	instances, err := o.admin.Instances(ctx)
	return answered(instances, err, func(i api.Instances) (admin.Instances, error) {
		items, err := all(i.Items, readInstance)
		return admin.Instances{Items: items, At: i.At}, err
	})
}

func readInstance(i api.Instance) (instance admin.ServingInstance, err error) {
	instance = admin.ServingInstance{
		Instance: admin.Instance{
			Name: i.Name, Version: i.Version, Revision: i.Revision, Modified: i.Modified, Go: i.Go, Platform: i.Platform,
			StartedAt: i.StartedAt, Weakened: i.Weakened,
		},
		Schema: i.SchemaVersion, Settings: i.Settings, SeenAt: i.SeenAt, Lost: i.State == api.InstanceLost,
	}
	for _, l := range i.Listeners {
		instance.Listeners = append(instance.Listeners, admin.Listener(l))
	}
	instance.ID, err = uuid.Parse(i.ID)
	return instance, err
}
