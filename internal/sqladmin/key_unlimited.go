package sqladmin

// unlimitedCandidate is false of keys k that can't be used any more, or that have a
// limit which nothing lifts by itself. What is scheduled may. A row of api_key_limits_beneath counts only
// beneath one of api_key_limits, so the latter alone says where a key has overrides.
// By the primary keys of plan_limits and api_key_limits.
const unlimitedCandidate = `k.status NOT IN ('revoked', 'rejected')
	AND (EXISTS (SELECT 1 FROM api_key_limits l WHERE l.api_key_id = k.id AND l.starts_at IS NOT NULL)
		OR EXISTS (SELECT 1 FROM plan_limits p WHERE p.plan = k.plan AND p.since IS NOT NULL)
		OR NOT EXISTS (SELECT 1 FROM api_key_limits l WHERE l.api_key_id = k.id AND l.expires_at IS NULL AND NOT l.unlimited)
	AND NOT EXISTS (SELECT 1 FROM plan_limits p WHERE p.plan = k.plan AND NOT EXISTS (
		SELECT 1 FROM api_key_limits l
		WHERE l.api_key_id = k.id AND l.meter = p.meter AND l.kind = p.kind AND l.period = p.period)))`
