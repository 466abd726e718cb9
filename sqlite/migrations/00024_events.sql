-- +goose Up

-- What has happened to keys, written in the transaction in which it happened. Seq gives
-- events of one key the order in which they happened. Position is
-- the place in the feed, which is given after the commit: see event_feed. Data is an
-- object, whose amounts are decimal numbers in the units of their meters.
CREATE TABLE events (
    seq        INTEGER NOT NULL PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    type       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    key_name   TEXT NOT NULL,
    owner      TEXT NOT NULL,
    data       TEXT NOT NULL CHECK (json_type(data) = 'object'),
    position   INTEGER UNIQUE
) STRICT;
CREATE INDEX events_unpublished ON events (seq) WHERE position IS NULL;
CREATE INDEX events_key ON events (api_key_id, position);

-- Events that are told once, so that they are not told again: a threshold of a limit is so
-- for each period, quantity and reset, even if refunds let use fall below it.
CREATE TABLE event_marks (
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    mark       TEXT NOT NULL,
    ends_at    INTEGER,
    PRIMARY KEY (api_key_id, mark)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_marks_ends ON event_marks (ends_at) WHERE ends_at IS NOT NULL;

-- The last place of the feed that was given, and the last one whose event was deleted.
CREATE TABLE event_feed (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    last     INTEGER NOT NULL DEFAULT 0,
    deleted  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- When it was told that a key expires soon; a change of its expiry makes it NULL.
ALTER TABLE api_keys ADD COLUMN expiry_told_at INTEGER;
CREATE INDEX api_keys_expiring ON api_keys (expires_at) WHERE expires_at IS NOT NULL AND expiry_told_at IS NULL;
