package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// unlimitedCandidate is false of keys k that can't be used any more, or that have a
// limit which nothing lifts by itself. A row of api_key_limits_beneath counts only
// beneath one of api_key_limits, so the latter alone says where a key has overrides.
// By the primary keys of plan_limits and api_key_limits.
const unlimitedCandidate = `k.status NOT IN ('revoked', 'rejected')
	AND NOT EXISTS (SELECT 1 FROM api_key_limits l WHERE l.api_key_id = k.id AND l.expires_at IS NULL AND l.unlimited = 0)
	AND NOT EXISTS (SELECT 1 FROM plan_limits p WHERE p.plan = k.plan AND NOT EXISTS (
		SELECT 1 FROM api_key_limits l
		WHERE l.api_key_id = k.id AND l.meter = p.meter AND l.kind = p.kind AND l.period = p.period))`

// UnlimitedCandidates implements admin.Keys.
func (s *Store) UnlimitedCandidates(ctx context.Context, filter admin.KeyFilter, look int) (found admin.Candidates, err error) {
	query, values := candidatesQuery(filter, look)
	err = s.read(ctx, func(conn *conn) error {
		found.Now = s.now()
		var ids []ration.KeyID
		looked := 0
		err := conn.query(ctx, query, values, func(r *row) error {
			looked++
			found.Last = ration.KeyID(r.id(0))
			if r.int(1) != 0 {
				ids = append(ids, found.Last)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if looked < look {
			found.Last = ration.KeyID{}
		}
		found.Keys, err = readKeys(ctx, conn, ids)
		return err
	})
	if err != nil {
		return admin.Candidates{}, fmt.Errorf("looking for keys without a limit: %w", err)
	}
	return found, nil
}

func candidatesQuery(filter admin.KeyFilter, look int) (query string, values []any) {
	where := keyCondition(filter)
	query = "SELECT id, " + unlimitedCandidate + " FROM api_keys k" + where.sql() + " ORDER BY id LIMIT ?"
	return query, append(where.values, int64(look))
}
