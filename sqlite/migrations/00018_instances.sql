-- +goose Up

-- The servers that run on this database, each as it last said so, every 10 seconds: one
-- that stops deletes its row, and one that was not seen for a day loses it. Nothing
-- depends on them. Details is JSON and has no secret: the build, where it listens, and
-- settings.
CREATE TABLE instances (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name           TEXT NOT NULL,
    version        TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    details        TEXT NOT NULL CHECK (json_type(details) = 'object'),
    started_at     INTEGER NOT NULL,
    seen_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
