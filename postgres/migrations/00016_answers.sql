-- +goose Up

-- The answers of changes by administrators that were sent with an Idempotency-Key, so
-- that a repeated request gets the same answer. They may have a secret, so they are
-- encrypted with a key that only the caller has; id and request are of the same origin,
-- and tell nothing.
CREATE TABLE admin_answers (
    id         bytea NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    request    bytea NOT NULL CHECK (length(request) = 32),
    answer     bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX admin_answers_created ON admin_answers (created_at);
