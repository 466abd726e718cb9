package wire

import (
	"maps"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// System returns what answers.
func System(s admin.System) api.System {
	i, d := s.Instance, s.Database
	return api.System{
		ID: instanceID(i.ID), Name: i.Name, Version: i.Version, Revision: i.Revision, Modified: i.Modified, Go: i.Go, Platform: i.Platform,
		StartedAt: i.StartedAt.UTC(), At: s.At.UTC(), Weakened: list(i.Weakened),
		Database: api.Database{Kind: d.Kind, Version: d.Version, SchemaVersion: d.Schema, Size: d.Size},
	}
}

// Instances returns the instances that serve on a database.
func Instances(instances admin.Instances) api.Instances {
	return api.Instances{Items: convert(instances.Items, instance), At: instances.At.UTC()}
}

func instance(i admin.ServingInstance) api.Instance {
	wire := api.Instance{
		ID: instanceID(i.ID), Name: i.Name, State: api.InstanceRunning, Version: i.Version, Revision: i.Revision, Modified: i.Modified, Go: i.Go, Platform: i.Platform,
		SchemaVersion: i.Schema, Weakened: list(i.Weakened), Settings: map[string]string{}, StartedAt: i.StartedAt.UTC(), SeenAt: i.SeenAt.UTC(),
		Listeners: convert(i.Listeners, func(l admin.Listener) api.Listener { return api.Listener(l) }),
	}
	if i.Lost {
		wire.State = api.InstanceLost
	}
	maps.Copy(wire.Settings, i.Settings)
	return wire
}

func instanceID(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}
