-- +goose Up

-- Units that were given back of what a period of a meter had used, which bounds what
-- more may be. Label: the hour in hours, or the first date in days, since 1970; 0 of
-- a lifetime.
CREATE TABLE refunds (
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    meter      TEXT NOT NULL,
    period     TEXT NOT NULL CHECK (period IN ('hour', 'day', 'week', 'month', 'lifetime')),
    label      INTEGER NOT NULL,
    units      INTEGER NOT NULL CHECK (units BETWEEN 0 AND 4611686018427387904),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, meter, period, label)
) STRICT, WITHOUT ROWID;
-- Those that are kept no longer.
CREATE INDEX refunds_created ON refunds (created_at) WHERE period <> 'lifetime';
