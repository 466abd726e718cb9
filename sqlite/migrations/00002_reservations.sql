-- +goose Up

-- What is reserved counts against limits in key_usage until it ends, once. Held,
-- settled and limits are JSON: [{"meter","units","hour","day","week","month"}],
-- [{"meter","units"}], and the limits as they stood when it was made.
CREATE TABLE reservations (
    api_key_id  BLOB NOT NULL CHECK (length(api_key_id) = 16),
    id          BLOB NOT NULL CHECK (length(id) = 16),
    state       TEXT NOT NULL CHECK (state IN ('open', 'settled', 'voided', 'expired')),
    at_expiry   TEXT NOT NULL CHECK (at_expiry IN ('keep', 'release')),
    held        TEXT NOT NULL CHECK (json_type(held) = 'array'),
    settled     TEXT CHECK (json_type(settled) = 'array'),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    ended_at    INTEGER CHECK ((ended_at IS NULL) = (state = 'open')),
    late_at     INTEGER,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    limits      TEXT NOT NULL CHECK (json_type(limits) = 'array'),
    PRIMARY KEY (api_key_id, id)
) STRICT, WITHOUT ROWID;
-- Whose it is, where only its id is known.
CREATE INDEX reservations_id ON reservations (id);
-- Those that are due, of all keys and of one, and those that are kept no longer.
CREATE INDEX reservations_due ON reservations (expires_at) WHERE state = 'open';
CREATE INDEX reservations_key_due ON reservations (api_key_id, expires_at) WHERE state = 'open';
CREATE INDEX reservations_ended ON reservations (ended_at) WHERE ended_at IS NOT NULL;

-- Admitted charges, by what their client calls them.
CREATE TABLE idempotency_keys (
    api_key_id  BLOB NOT NULL CHECK (length(api_key_id) = 16),
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    answer      TEXT NOT NULL CHECK (json_type(answer) = 'object'),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Units that were used and given back, and how many charges that were (of meter requests).
ALTER TABLE usage_days ADD COLUMN given_back INTEGER NOT NULL DEFAULT 0 CHECK (given_back >= 0);
ALTER TABLE usage_days ADD COLUMN refunds INTEGER NOT NULL DEFAULT 0 CHECK (refunds >= 0);
