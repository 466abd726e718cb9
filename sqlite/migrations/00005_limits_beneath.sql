-- +goose Up

-- The lasting limits beneath temporary ones: a key's own limit without an end is
-- here while api_key_limits holds one with an end for the same meter, kind and
-- period, and in api_key_limits otherwise. A release that does not know this table
-- neither sees nor loses what is in it.
CREATE TABLE api_key_limits_beneath (
    api_key_id BLOB NOT NULL REFERENCES api_keys (id),
    meter      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('quota', 'rate')),
    period     TEXT NOT NULL CHECK (period IN ('second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime')),
    name       TEXT NOT NULL,
    unlimited  INTEGER NOT NULL DEFAULT 0 CHECK (unlimited IN (0, 1)),
    quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst      INTEGER NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    PRIMARY KEY (api_key_id, meter, kind, period)
) STRICT, WITHOUT ROWID;

-- That there is no limit is meant. No decision depends on it: limits are what the
-- tables of limits hold.
ALTER TABLE api_keys ADD COLUMN unlimited INTEGER NOT NULL DEFAULT 0 CHECK (unlimited IN (0, 1));
ALTER TABLE plans ADD COLUMN unlimited INTEGER NOT NULL DEFAULT 0 CHECK (unlimited IN (0, 1));
