-- +goose Up

-- Concurrent limits: kind 'concurrent', which has no period. And quotas whose periods
-- begin at a time of their own: period 'day from 06:00', 'week from thursday', 'month
-- from day 15 06:00'. A release that does not know the kind or the period refuses the
-- keys that have such a limit, rather than overlook it.
ALTER TABLE plan_limits
    DROP CONSTRAINT plan_limits_kind_check,
    DROP CONSTRAINT plan_limits_period_check,
    ADD CONSTRAINT plan_limits_kind_check CHECK (kind IN ('quota', 'rate', 'concurrent')),
    ADD CONSTRAINT plan_limits_period_check CHECK ((period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period LIKE '% from %' AND kind = 'quota') AND (kind = 'concurrent') = (period = ''));
ALTER TABLE api_key_limits
    DROP CONSTRAINT api_key_limits_kind_check,
    DROP CONSTRAINT api_key_limits_period_check,
    ADD CONSTRAINT api_key_limits_kind_check CHECK (kind IN ('quota', 'rate', 'concurrent')),
    ADD CONSTRAINT api_key_limits_period_check CHECK ((period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period LIKE '% from %' AND kind = 'quota') AND (kind = 'concurrent') = (period = ''));
ALTER TABLE api_key_limits_beneath
    DROP CONSTRAINT api_key_limits_beneath_kind_check,
    DROP CONSTRAINT api_key_limits_beneath_period_check,
    ADD CONSTRAINT api_key_limits_beneath_kind_check CHECK (kind IN ('quota', 'rate', 'concurrent')),
    ADD CONSTRAINT api_key_limits_beneath_period_check CHECK ((period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period LIKE '% from %' AND kind = 'quota') AND (kind = 'concurrent') = (period = ''));

-- Slots of concurrent limits that charges in flight hold: one row for each lease and
-- meter. The id is that of the lease, or of the reservation that holds the slot. What
-- has expired counts no more, whether or not it has been deleted.
CREATE TABLE leases (
    api_key_id uuid NOT NULL,
    id         uuid NOT NULL,
    meter      text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (api_key_id, id, meter)
) WITH (fillfactor = 70);
-- Those that have expired.
CREATE INDEX leases_expires ON leases (expires_at);
