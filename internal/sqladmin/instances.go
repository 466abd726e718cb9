package sqladmin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

const (
	instanceColumns = "id, name, version, schema_version, details, started_at, seen_at"
	mostInstances   = 1_000
)

// instanceDetails is the JSON of the column details.
type instanceDetails struct {
	Revision  string            `json:"revision,omitempty"`
	Modified  bool              `json:"modified,omitempty"`
	Go        string            `json:"go,omitempty"`
	Platform  string            `json:"platform,omitempty"`
	Weakened  []string          `json:"weakened,omitempty"`
	Listeners []listener        `json:"listeners,omitempty"`
	Settings  map[string]string `json:"settings,omitempty"`
}

type listener struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	TLS     bool   `json:"tls,omitempty"`
}

// NoteInstance implements admin.Fleet. The rows are few, so no index serves what forgets
// instances. A time that is far ahead was written by a clock that was.
func (s *Store) NoteInstance(ctx context.Context, instance admin.ServingInstance) error {
	details, err := json.Marshal(detailsOf(&instance))
	if err != nil {
		return fmt.Errorf("noting an instance: %w", err)
	}
	return s.db.Write(ctx, "noting an instance", func(ctx context.Context, tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var b Batch
		b.AddOne(Meaning{}, "INSERT INTO instances ("+instanceColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, schema_version = excluded.schema_version,
				details = excluded.details, started_at = excluded.started_at, seen_at = excluded.seen_at`,
			instance.ID, instance.Name, instance.Version, instance.Schema, string(details), instance.StartedAt, now)
		b.Add("DELETE FROM instances WHERE seen_at < ? OR seen_at > ?", now.Add(-admin.InstanceRetention), now.Add(admin.InstanceRetention))
		return tx.Run(ctx, &b)
	})
}

// ForgetInstance implements admin.Fleet.
func (s *Store) ForgetInstance(ctx context.Context, id uuid.UUID) error {
	return s.db.Write(ctx, "forgetting an instance", func(ctx context.Context, tx Tx) error {
		var b Batch
		b.Add("DELETE FROM instances WHERE id = ?", id)
		return tx.Run(ctx, &b)
	})
}

// Instances implements admin.Fleet.
func (s *Store) Instances(ctx context.Context) (instances []admin.ServingInstance, now time.Time, err error) {
	err = s.db.Read(ctx, "listing instances", func(ctx context.Context, r Reader) error {
		if now, err = r.Now(ctx); err != nil {
			return err
		}
		instances = nil
		return r.Query(ctx, "SELECT "+instanceColumns+" FROM instances ORDER BY seen_at DESC, id LIMIT ?", func(row Row) {
			instances = append(instances, readInstance(row))
		}, Limit(mostInstances))
	})
	return instances, now, err
}

func detailsOf(i *admin.ServingInstance) instanceDetails {
	details := instanceDetails{Revision: i.Revision, Modified: i.Modified, Go: i.Go, Platform: i.Platform, Weakened: i.Weakened, Settings: i.Settings}
	for _, l := range i.Listeners {
		details.Listeners = append(details.Listeners, listener(l))
	}
	return details
}

// readInstance reads instanceColumns.
func readInstance(row Row) (i admin.ServingInstance) {
	i.ID, i.Name, i.Version, i.Schema = row.ID(), row.Text(), row.Text(), row.Int()
	var details instanceDetails
	if err := json.Unmarshal(row.JSON(), &details); err != nil {
		row.Fail(fmt.Errorf("details of instance %s: %w", i.ID, err))
	}
	i.Revision, i.Modified, i.Go, i.Platform = details.Revision, details.Modified, details.Go, details.Platform
	i.Weakened, i.Settings = details.Weakened, details.Settings
	for _, l := range details.Listeners {
		i.Listeners = append(i.Listeners, admin.Listener(l))
	}
	i.StartedAt, i.SeenAt = row.Time(), row.Time()
	return i
}
