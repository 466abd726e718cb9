-- +goose Up

-- Quotas whose periods begin at a time of their own: period 'day from 06:00', 'week from
-- thursday', 'month from day 15 06:00'. A release that does not know such a period
-- refuses the keys that it limits, rather than overlook it.
-- SQLite can't change a check, so the tables are made again.
CREATE TABLE plan_limits_new (
    plan       TEXT NOT NULL REFERENCES plans (name) ON DELETE CASCADE,
    meter      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('quota', 'rate', 'concurrent')),
    period     TEXT NOT NULL CHECK (period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period GLOB '* from *' AND kind = 'quota'),
    name       TEXT NOT NULL,
    quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst      INTEGER NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    PRIMARY KEY (plan, meter, kind, period),
    CHECK ((kind = 'concurrent') = (period = ''))
) STRICT, WITHOUT ROWID;
INSERT INTO plan_limits_new (plan, meter, kind, period, name, quantity, burst)
    SELECT plan, meter, kind, period, name, quantity, burst FROM plan_limits;
DROP TABLE plan_limits;
ALTER TABLE plan_limits_new RENAME TO plan_limits;

CREATE TABLE api_key_limits_new (
    api_key_id BLOB NOT NULL REFERENCES api_keys (id),
    meter      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('quota', 'rate', 'concurrent')),
    period     TEXT NOT NULL CHECK (period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period GLOB '* from *' AND kind = 'quota'),
    name       TEXT NOT NULL,
    unlimited  INTEGER NOT NULL DEFAULT 0 CHECK (unlimited IN (0, 1)),
    quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst      INTEGER NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    expires_at INTEGER,
    PRIMARY KEY (api_key_id, meter, kind, period),
    CHECK ((kind = 'concurrent') = (period = ''))
) STRICT, WITHOUT ROWID;
INSERT INTO api_key_limits_new (api_key_id, meter, kind, period, name, unlimited, quantity, burst, expires_at)
    SELECT api_key_id, meter, kind, period, name, unlimited, quantity, burst, expires_at FROM api_key_limits;
DROP TABLE api_key_limits;
ALTER TABLE api_key_limits_new RENAME TO api_key_limits;

CREATE TABLE api_key_limits_beneath_new (
    api_key_id BLOB NOT NULL REFERENCES api_keys (id),
    meter      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('quota', 'rate', 'concurrent')),
    period     TEXT NOT NULL CHECK (period IN ('', 'second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime') OR period GLOB '* from *' AND kind = 'quota'),
    name       TEXT NOT NULL,
    unlimited  INTEGER NOT NULL DEFAULT 0 CHECK (unlimited IN (0, 1)),
    quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst      INTEGER NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    PRIMARY KEY (api_key_id, meter, kind, period),
    CHECK ((kind = 'concurrent') = (period = ''))
) STRICT, WITHOUT ROWID;
INSERT INTO api_key_limits_beneath_new (api_key_id, meter, kind, period, name, unlimited, quantity, burst)
    SELECT api_key_id, meter, kind, period, name, unlimited, quantity, burst FROM api_key_limits_beneath;
DROP TABLE api_key_limits_beneath;
ALTER TABLE api_key_limits_beneath_new RENAME TO api_key_limits_beneath;

-- Their current periods, of few keys. JSON: [{"period", "date", "ends_at", "used",
-- "reserved", "epoch", "refunded"}]. NULL: none.
ALTER TABLE key_usage ADD COLUMN shifted TEXT CHECK (json_type(shifted) = 'array');
