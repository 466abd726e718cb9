-- +goose Up

-- Where events are sent. Secret signs what is sent, so it has to be known; no list shows it.
-- The former one signs too until previous_until. Types are those that are sent; none: all.
-- Whoever adds, ends or parks deliveries of a webhook locks its row first.
CREATE TABLE webhooks (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    url             TEXT NOT NULL,
    types           TEXT NOT NULL CHECK (json_type(types) = 'array'),
    secret          TEXT NOT NULL,
    previous_secret TEXT,
    previous_until  INTEGER,
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    enabled_at      INTEGER NOT NULL,
    disabled_reason TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

-- An event on its way to a webhook, by its place in the feed. It waits, was delivered, or
-- is dead: given up after many attempts. Next_at is when it is due. It is NULL while the
-- webhook is disabled, and of all but the first one that waits of a key to a webhook, so
-- that those behind it cost nothing. Replayed ones have no order: they are due at once.
-- While somebody sends one, lease_id says who, and next_at is when others may. Begun_at is
-- from when on attempts count.
CREATE TABLE deliveries (
    webhook_id  BLOB NOT NULL REFERENCES webhooks (id),
    position    INTEGER NOT NULL,
    api_key_id  BLOB NOT NULL CHECK (length(api_key_id) = 16),
    type        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    replayed    INTEGER NOT NULL CHECK (replayed IN (0, 1)),
    waits_since INTEGER NOT NULL,
    begun_at    INTEGER NOT NULL,
    next_at     INTEGER,
    lease_id    BLOB,
    attempts    INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    problem     TEXT NOT NULL,
    ended_at    INTEGER,
    PRIMARY KEY (webhook_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (webhook_id, next_at, position) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_line ON deliveries (webhook_id, api_key_id, position) WHERE state = 'waiting' AND NOT replayed;
CREATE INDEX deliveries_waiting ON deliveries (webhook_id, waits_since) WHERE state = 'waiting';
CREATE INDEX deliveries_webhook_state ON deliveries (webhook_id, state, position);
CREATE INDEX deliveries_state ON deliveries (state, position, webhook_id);
CREATE INDEX deliveries_key ON deliveries (api_key_id, position, webhook_id);
CREATE INDEX deliveries_position ON deliveries (position, webhook_id);
