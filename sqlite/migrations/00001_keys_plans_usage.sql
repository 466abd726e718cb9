-- +goose Up

-- Instants are microseconds since 1970-01-01 UTC, dates are 'YYYY-MM-DD', ids
-- the 16 bytes of a UUID, lists and maps JSON text.

-- "Ratn": what makes this file one of Ration's.
PRAGMA application_id = 1382118510;

CREATE TABLE plans (
    name       TEXT NOT NULL PRIMARY KEY,
    time_zone  TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_limits (
    plan     TEXT NOT NULL REFERENCES plans (name) ON DELETE CASCADE,
    meter    TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('quota', 'rate')),
    period   TEXT NOT NULL CHECK (period IN ('second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime')),
    name     TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst    INTEGER NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    PRIMARY KEY (plan, meter, kind, period)
) STRICT, WITHOUT ROWID;

-- metadata comes last: a decision reads the columns before it, and a long one
-- spills to pages that it then need not touch.
CREATE TABLE api_keys (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT NOT NULL,
    owner       TEXT NOT NULL DEFAULT '',
    plan        TEXT REFERENCES plans (name),
    status      TEXT NOT NULL CHECK (status IN ('pending', 'active', 'disabled', 'revoked', 'rejected')),
    expires_at  INTEGER,
    scopes      TEXT NOT NULL DEFAULT '[]' CHECK (json_type(scopes) = 'array'),
    allowed_ips TEXT NOT NULL DEFAULT '[]' CHECK (json_type(allowed_ips) = 'array'),
    time_zone   TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    metadata    TEXT NOT NULL DEFAULT '{}' CHECK (json_type(metadata) = 'object')
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_owner ON api_keys (owner, id);
CREATE INDEX api_keys_name ON api_keys (name, id);
CREATE INDEX api_keys_plan ON api_keys (plan, id);

CREATE TABLE api_key_limits (
    api_key_id BLOB NOT NULL REFERENCES api_keys (id),
    meter      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('quota', 'rate')),
    period     TEXT NOT NULL CHECK (period IN ('second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime')),
    name       TEXT NOT NULL,
    unlimited  INTEGER NOT NULL DEFAULT 0 CHECK (unlimited IN (0, 1)),
    quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst      INTEGER NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    expires_at INTEGER,
    PRIMARY KEY (api_key_id, meter, kind, period)
) STRICT, WITHOUT ROWID;

-- Insert-only: a digest never changes hands, which is why it may be cached.
CREATE TABLE secret_digests (
    digest     BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    secret_id  BLOB NOT NULL CHECK (length(secret_id) = 16)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key_secrets (
    api_key_id   BLOB NOT NULL REFERENCES api_keys (id),
    secret_id    BLOB NOT NULL CHECK (length(secret_id) = 16),
    label        TEXT NOT NULL DEFAULT '',
    starts_with  TEXT NOT NULL,
    ends_with    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (api_key_id, secret_id)
) STRICT, WITHOUT ROWID;

-- One row per key and meter. Running periods are held here, so a charge updates
-- one row. A label is the first local date of a period (of an hour, its start):
-- it only goes up.
CREATE TABLE key_usage (
    api_key_id       BLOB NOT NULL CHECK (length(api_key_id) = 16),
    meter            TEXT NOT NULL,
    used             INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    reserved         INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    denied           INTEGER NOT NULL DEFAULT 0 CHECK (denied >= 0),
    first_request_at INTEGER,
    last_request_at  INTEGER,
    hour_label       INTEGER NOT NULL DEFAULT 0,
    hour_ends_at     INTEGER NOT NULL DEFAULT 0,
    hour_used        INTEGER NOT NULL DEFAULT 0 CHECK (hour_used >= 0),
    hour_reserved    INTEGER NOT NULL DEFAULT 0 CHECK (hour_reserved >= 0),
    day_label        TEXT NOT NULL DEFAULT '1970-01-01',
    day_ends_at      INTEGER NOT NULL DEFAULT 0,
    day_used         INTEGER NOT NULL DEFAULT 0 CHECK (day_used >= 0),
    day_reserved     INTEGER NOT NULL DEFAULT 0 CHECK (day_reserved >= 0),
    week_label       TEXT NOT NULL DEFAULT '1970-01-01',
    week_ends_at     INTEGER NOT NULL DEFAULT 0,
    week_used        INTEGER NOT NULL DEFAULT 0 CHECK (week_used >= 0),
    week_reserved    INTEGER NOT NULL DEFAULT 0 CHECK (week_reserved >= 0),
    month_label      TEXT NOT NULL DEFAULT '1970-01-01',
    month_ends_at    INTEGER NOT NULL DEFAULT 0,
    month_used       INTEGER NOT NULL DEFAULT 0 CHECK (month_used >= 0),
    month_reserved   INTEGER NOT NULL DEFAULT 0 CHECK (month_reserved >= 0),
    -- GCRA: when the bucket is whole again, and the fraction of the next microsecond in 1/quantity.
    second_rate_tat  INTEGER NOT NULL DEFAULT 0,
    second_rate_rest INTEGER NOT NULL DEFAULT 0,
    minute_rate_tat  INTEGER NOT NULL DEFAULT 0,
    minute_rate_rest INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (api_key_id, meter)
) STRICT, WITHOUT ROWID;

-- The date goes first, so that the rows of one day lie side by side: a batch of
-- many keys then writes few pages, and reports and retention read by date. One
-- key's history is found by the index, which a charge touches once a day.
CREATE TABLE usage_days (
    api_key_id      BLOB NOT NULL CHECK (length(api_key_id) = 16),
    meter           TEXT NOT NULL,
    date            TEXT NOT NULL CHECK (length(date) = 10),
    used            INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    denied          INTEGER NOT NULL DEFAULT 0 CHECK (denied >= 0),
    last_request_at INTEGER,
    PRIMARY KEY (date, api_key_id, meter)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_days_key ON usage_days (api_key_id, date, meter);

CREATE VIEW daily_usage AS
    SELECT api_key_id, date, used AS request_count, denied AS denied_count,
        strftime('%Y-%m-%dT%H:%M:%S', last_request_at / 1000000, 'unixepoch')
            || printf('.%06dZ', last_request_at % 1000000) AS last_request_at
    FROM usage_days
    WHERE meter = 'requests';

-- Empty in this database, where no commit's answer is ever lost: it is here
-- because both databases have the same tables.
CREATE TABLE charge_batches (
    api_key_id BLOB NOT NULL,
    id         BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE admin_tokens (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT NOT NULL,
    digest      BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    scopes      TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
    starts_with TEXT NOT NULL,
    ends_with   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX admin_tokens_name ON admin_tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE audit_log (
    id      BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    target  TEXT NOT NULL,
    details TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details))
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_target ON audit_log (target, at);
