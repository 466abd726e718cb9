package wire

import (
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// System returns what answers.
func System(s admin.System) api.System {
	i, d := s.Instance, s.Database
	return api.System{
		Version: i.Version, Revision: i.Revision, Modified: i.Modified, Go: i.Go, Platform: i.Platform,
		StartedAt: i.StartedAt.UTC(), At: s.At.UTC(), Weakened: list(i.Weakened),
		Database: api.Database{Kind: d.Kind, Version: d.Version, SchemaVersion: d.Schema, Size: d.Size},
	}
}
