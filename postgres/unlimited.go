package postgres

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// unlimitedCandidate is false of keys k that can't be used any more, or that have a
// limit which nothing lifts by itself. A row of api_key_limits_beneath counts only
// beneath one of api_key_limits, so the latter alone says where a key has overrides.
// By the primary keys of plan_limits and api_key_limits.
const unlimitedCandidate = `k.status NOT IN ('revoked', 'rejected')
	AND NOT EXISTS (SELECT FROM api_key_limits l WHERE l.api_key_id = k.id AND l.expires_at IS NULL AND NOT l.unlimited)
	AND NOT EXISTS (SELECT FROM plan_limits p WHERE p.plan = k.plan AND NOT EXISTS (
		SELECT FROM api_key_limits l
		WHERE l.api_key_id = k.id AND l.meter = p.meter AND l.kind = p.kind AND l.period = p.period))`

// UnlimitedCandidates implements admin.Keys.
func (s *Store) UnlimitedCandidates(ctx context.Context, filter admin.KeyFilter, look int) (found admin.Candidates, err error) {
	where := keyCondition(filter)
	sql := "SELECT id, " + unlimitedCandidate + " FROM api_keys k" + where.sql() + " ORDER BY id" + where.limit(look, look)
	err = s.read(ctx, "looking for keys without a limit", func(ctx context.Context, q querier) error {
		found = admin.Candidates{}
		if err := query(ctx, q, "SELECT ration_now()", func(r *row) { found.Now = r.time() }); err != nil {
			return err
		}
		var ids [][16]byte
		looked := 0
		err := query(ctx, q, sql, func(r *row) {
			looked++
			found.Last = r.uuid()
			if r.bool() {
				ids = append(ids, found.Last)
			}
		}, where.values...)
		if err != nil {
			return err
		}
		if looked < look {
			found.Last = ration.KeyID{}
		}
		found.Keys, err = readKeys(ctx, q, keysByIDSQL, ids)
		return err
	})
	return found, err
}
