-- +goose Up

-- Concurrent limits: kind 'concurrent', which has no period. And quotas whose periods
-- begin at a time of their own: period 'day from 06:00', 'week from thursday', 'month
-- from day 15 06:00'. A release that does not know the kind or the period refuses the
-- keys that have such a limit, rather than overlook it.
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
INSERT INTO plan_limits_new (plan, meter, kind, period, name, quantity, burst) SELECT plan, meter, kind, period, name, quantity, burst FROM plan_limits;
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
INSERT INTO api_key_limits_new (api_key_id, meter, kind, period, name, unlimited, quantity, burst, expires_at) SELECT api_key_id, meter, kind, period, name, unlimited, quantity, burst, expires_at FROM api_key_limits;
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
INSERT INTO api_key_limits_beneath_new (api_key_id, meter, kind, period, name, unlimited, quantity, burst) SELECT api_key_id, meter, kind, period, name, unlimited, quantity, burst FROM api_key_limits_beneath;
DROP TABLE api_key_limits_beneath;
ALTER TABLE api_key_limits_beneath_new RENAME TO api_key_limits_beneath;

-- Slots of concurrent limits that charges in flight hold: one row for each lease and
-- meter. The id is that of the lease, or of the reservation that holds the slot. What
-- has expired counts no more, whether or not it has been deleted.
CREATE TABLE leases (
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    id         BLOB NOT NULL CHECK (length(id) = 16),
    meter      TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, id, meter)
) STRICT, WITHOUT ROWID;
-- Those that have expired.
CREATE INDEX leases_expires ON leases (expires_at);
