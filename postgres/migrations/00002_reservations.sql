-- +goose Up

-- What is reserved counts against limits in key_usage until it ends, once. Held,
-- settled and limits are JSON: [{"meter","units","hour","day","week","month"}],
-- [{"meter","units"}], and the limits as they stood when it was made.
CREATE TABLE reservations (
    api_key_id  uuid NOT NULL,
    id          uuid NOT NULL,
    state       text NOT NULL CHECK (state IN ('open', 'settled', 'voided', 'expired')),
    at_expiry   text NOT NULL CHECK (at_expiry IN ('keep', 'release')),
    held        jsonb NOT NULL CHECK (jsonb_typeof(held) = 'array'),
    settled     jsonb CHECK (jsonb_typeof(settled) = 'array'),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz CHECK ((ended_at IS NULL) = (state = 'open')),
    late_at     timestamptz,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    limits      jsonb NOT NULL CHECK (jsonb_typeof(limits) = 'array'),
    PRIMARY KEY (api_key_id, id)
) WITH (fillfactor = 70);
-- Whose it is, where only its id is known.
CREATE INDEX reservations_id ON reservations (id);
-- Those that are due, of all keys and of one, and those that are kept no longer.
CREATE INDEX reservations_due ON reservations (expires_at) WHERE state = 'open';
CREATE INDEX reservations_key_due ON reservations (api_key_id, expires_at) WHERE state = 'open';
CREATE INDEX reservations_ended ON reservations (ended_at) WHERE ended_at IS NOT NULL;

-- Admitted charges, by what their client calls them.
CREATE TABLE idempotency_keys (
    api_key_id  uuid NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    answer      jsonb NOT NULL CHECK (jsonb_typeof(answer) = 'object'),
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Units that were used and given back, and how many charges that were (of meter requests).
ALTER TABLE usage_days ADD COLUMN given_back bigint NOT NULL DEFAULT 0 CHECK (given_back >= 0);
ALTER TABLE usage_days ADD COLUMN refunds bigint NOT NULL DEFAULT 0 CHECK (refunds >= 0);
