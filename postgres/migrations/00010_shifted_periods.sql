-- +goose Up

-- Quotas whose periods begin at a time of their own: period 'day from 06:00', 'week from
-- thursday', 'month from day 15 06:00'. A release that does not know such a period
-- refuses the keys that it limits, rather than overlook it.
ALTER TABLE plan_limits
    DROP CONSTRAINT plan_limits_period_check,
    ADD CONSTRAINT plan_limits_period_check CHECK ((period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period LIKE '% from %' AND kind = 'quota') AND (kind = 'concurrent') = (period = ''));
ALTER TABLE api_key_limits
    DROP CONSTRAINT api_key_limits_period_check,
    ADD CONSTRAINT api_key_limits_period_check CHECK ((period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period LIKE '% from %' AND kind = 'quota') AND (kind = 'concurrent') = (period = ''));
ALTER TABLE api_key_limits_beneath
    DROP CONSTRAINT api_key_limits_beneath_period_check,
    ADD CONSTRAINT api_key_limits_beneath_period_check CHECK ((period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period LIKE '% from %' AND kind = 'quota') AND (kind = 'concurrent') = (period = ''));

-- Their current periods, of few keys. JSON: [{"period", "date", "ends_at", "used",
-- "reserved", "epoch", "refunded"}]. NULL: none.
ALTER TABLE key_usage ADD COLUMN shifted jsonb CHECK (jsonb_typeof(shifted) = 'array');
