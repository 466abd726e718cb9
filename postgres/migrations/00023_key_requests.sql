-- +goose Up

-- What people wrote who asked for a key. The key itself is in api_keys: pending until
-- somebody decides, and without a secret until it is picked up. A request that was rejected
-- or has expired is deleted later, with its key, because it tells of a person.
CREATE TABLE key_requests (
    api_key_id      uuid NOT NULL PRIMARY KEY REFERENCES api_keys (id),
    email           text NOT NULL,
    reason          text NOT NULL,
    from_address    text NOT NULL,
    asked_at        timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    decision        text COLLATE "C" NOT NULL DEFAULT '' CHECK (decision IN ('', 'approved', 'rejected')),
    decided_at      timestamptz,
    decided_by      text NOT NULL DEFAULT '',
    decision_reason text NOT NULL DEFAULT '',
    picked_up_at    timestamptz
);
CREATE INDEX key_requests_decision ON key_requests (decision, api_key_id);

-- Links with which somebody picks up a secret of a key, once: the transaction that adds the
-- secret sets picked_up_at. Of the code that is in the link only the digest is here.
CREATE TABLE pickup_links (
    digest       bytea NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    api_key_id   uuid NOT NULL REFERENCES api_keys (id),
    label        text NOT NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    picked_up_at timestamptz
);
CREATE INDEX pickup_links_key ON pickup_links (api_key_id);
CREATE INDEX pickup_links_expires ON pickup_links (expires_at);
