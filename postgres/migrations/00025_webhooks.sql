-- +goose Up

-- Where events are sent. Secret signs what is sent, so it has to be known; no list shows it.
-- The former one signs too until previous_until. Types are those that are sent; none: all.
-- Whoever adds, ends or parks deliveries of a webhook locks its row first.
CREATE TABLE webhooks (
    id              uuid NOT NULL PRIMARY KEY,
    url             text NOT NULL,
    types           text[] NOT NULL,
    secret          text NOT NULL,
    previous_secret text,
    previous_until  timestamptz,
    enabled         boolean NOT NULL,
    enabled_at      timestamptz NOT NULL,
    disabled_reason text NOT NULL,
    created_by      text NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);

-- An event on its way to a webhook, by its place in the feed. It waits, was delivered, or
-- is dead: given up after many attempts. Next_at is when it is due. It is NULL while the
-- webhook is disabled, and of all but the first one that waits of a key to a webhook, so
-- that those behind it cost nothing. Replayed ones have no order: they are due at once.
-- While somebody sends one, lease_id says who, and next_at is when others may. Begun_at is
-- from when on attempts count.
CREATE TABLE deliveries (
    webhook_id  uuid NOT NULL REFERENCES webhooks (id),
    position    bigint NOT NULL,
    api_key_id  uuid NOT NULL,
    type        text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    replayed    boolean NOT NULL,
    waits_since timestamptz NOT NULL,
    begun_at    timestamptz NOT NULL,
    next_at     timestamptz,
    lease_id    uuid,
    attempts    bigint NOT NULL,
    status      bigint NOT NULL,
    problem     text NOT NULL,
    ended_at    timestamptz,
    PRIMARY KEY (webhook_id, position)
);
CREATE INDEX deliveries_due ON deliveries (webhook_id, next_at, position) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_line ON deliveries (webhook_id, api_key_id, position) WHERE state = 'waiting' AND NOT replayed;
CREATE INDEX deliveries_waiting ON deliveries (webhook_id, waits_since) WHERE state = 'waiting';
CREATE INDEX deliveries_webhook_state ON deliveries (webhook_id, state, position);
CREATE INDEX deliveries_state ON deliveries (state, position, webhook_id);
CREATE INDEX deliveries_key ON deliveries (api_key_id, position, webhook_id);
CREATE INDEX deliveries_position ON deliveries (position, webhook_id);
