package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// By the primary key of api_key_limits.
var keyOverrides = newListQuery("SELECT " + overrideColumns + " FROM api_key_limits WHERE api_key_id IN (?)")

// The lasting limits beneath temporary ones, by the primary keys of both tables. A
// row counts only beneath a temporary limit: a release that does not know the table
// may have put a lasting one above it, or none.
var keyOverridesBeneath = newListQuery(`SELECT b.api_key_id, b.meter, b.kind, b.period, b.name, b.quantity, b.burst, b.unlimited, NULL, NULL, NULL
	FROM api_key_limits_beneath b CROSS JOIN api_key_limits t
	ON t.api_key_id = b.api_key_id AND t.meter = b.meter AND t.kind = b.kind AND t.period = b.period AND t.expires_at IS NOT NULL
	WHERE b.api_key_id IN (?)`)

// readOverrides calls add with the overrides of keys, and next with the plan that a key
// will have. Only keys that have a
// temporary one can have one beneath it: the others cost no second query.
func readOverrides(ctx context.Context, conn *conn, ids [][]byte, add func(ration.KeyID, ration.Override), next func(ration.KeyID, string, time.Time)) error {
	layered := make(map[ration.KeyID]struct{})
	err := queryList(ctx, conn, keyOverrides, ids, func(r *row) error {
		if ration.Period(r.text(3)) == ledger.NextPlanPeriod {
			next(ration.KeyID(r.id(0)), r.optionalText(10), r.time(9))
			return nil
		}
		id, override := ration.KeyID(r.id(0)), r.override()
		if override.Temporary() {
			layered[id] = struct{}{}
		}
		add(id, override)
		return nil
	})
	if err == nil && len(layered) > 0 {
		err = queryList(ctx, conn, keyOverridesBeneath, blobs(slices.Collect(maps.Keys(layered))), func(r *row) error {
			add(ration.KeyID(r.id(0)), r.override())
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("reading overrides of keys: %w", err)
	}
	return nil
}
