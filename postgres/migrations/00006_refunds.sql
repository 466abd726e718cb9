-- +goose Up

-- Units that were given back of what a period of a meter had used, which bounds what
-- more may be. Label: the hour in hours, or the first date in days, since 1970; 0 of
-- a lifetime.
CREATE TABLE refunds (
    api_key_id uuid NOT NULL,
    meter      text NOT NULL,
    period     text NOT NULL CHECK (period IN ('hour', 'day', 'week', 'month', 'lifetime')),
    label      bigint NOT NULL,
    units      bigint NOT NULL CHECK (units BETWEEN 0 AND 4611686018427387904),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (api_key_id, meter, period, label)
) WITH (fillfactor = 70);
-- Those that are kept no longer.
CREATE INDEX refunds_created ON refunds (created_at) WHERE period <> 'lifetime';
