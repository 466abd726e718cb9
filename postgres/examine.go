package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// examination is what the server says of itself.
type examination struct {
	schema         int64 // version
	server         string
	now            time.Time // ration_now()
	durability     error     // ErrUnsafeDurability
	acceptsAnother bool      // Config.AcceptUnsafeDurability
}

const examineSQL = `
SELECT ` + durabilityColumns + `, current_setting('server_version'), ration_now(),
       (SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied)`

// Examine implements admin.Maintenance. PostgreSQL checks its own pages, if told
// to, so deep looks no deeper.
func (s *Store) Examine(ctx context.Context, _ bool) ([]admin.Finding, error) {
	found := examination{acceptsAnother: s.config.AcceptUnsafeDurability}
	err := s.read(ctx, "examining the database", func(ctx context.Context, q querier) error {
		return query(ctx, q, examineSQL, func(r *row) {
			found.durability = r.durability()
			found.server, found.now, found.schema = r.text(), r.time(), r.int()
		})
	})
	if err != nil {
		return nil, err
	}
	return []admin.Finding{
		{Check: "schema", State: admin.FindingOK, Detail: fmt.Sprintf("version %d, which this release works with, on PostgreSQL %s", found.schema, found.server)},
		admin.ClockFinding(found.now, s.config.InstanceClock()),
		found.durabilityFinding(),
	}, nil
}

func (e *examination) durabilityFinding() admin.Finding {
	finding := admin.Finding{Check: "durability", State: admin.FindingOK, Detail: "every commit is flushed to disk (fsync and full_page_writes are on, no standby)"}
	switch {
	case e.durability != nil:
		finding.State, finding.Detail = admin.FindingWarning, "weakened by accept_unsafe_durability: "+e.durability.Error()
		finding.Advice = "what was answered can be lost when the server or its machine fails; switch the settings on"
	case e.acceptsAnother:
		finding.State, finding.Detail = admin.FindingWarning, "weakened by accept_unsafe_durability, although this server is durable"
		finding.Advice = "leave accept_unsafe_durability out, so that a server that is not durable is refused"
	}
	return finding
}
