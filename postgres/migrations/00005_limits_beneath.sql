-- +goose Up

-- The lasting limits beneath temporary ones: a key's own limit without an end is
-- here while api_key_limits holds one with an end for the same meter, kind and
-- period, and in api_key_limits otherwise. A release that does not know this table
-- neither sees nor loses what is in it.
CREATE TABLE api_key_limits_beneath (
    api_key_id uuid NOT NULL REFERENCES api_keys (id),
    meter      text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('quota', 'rate')),
    period     text NOT NULL CHECK (period IN ('second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime')),
    name       text NOT NULL,
    unlimited  boolean NOT NULL DEFAULT false,
    quantity   bigint NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst      bigint NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    PRIMARY KEY (api_key_id, meter, kind, period)
);

-- That there is no limit is meant. No decision depends on it: limits are what the
-- tables of limits hold.
ALTER TABLE api_keys ADD COLUMN unlimited boolean NOT NULL DEFAULT false;
ALTER TABLE plans ADD COLUMN unlimited boolean NOT NULL DEFAULT false;
