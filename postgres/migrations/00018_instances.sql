-- +goose Up

-- The servers that run on this database, each as it last said so, every 10 seconds: one
-- that stops deletes its row, and one that was not seen for a day loses it. Nothing
-- depends on them. Details is JSON and has no secret: the build, where it listens, and
-- settings.
CREATE TABLE instances (
    id             uuid NOT NULL PRIMARY KEY,
    name           text NOT NULL,
    version        text NOT NULL,
    schema_version bigint NOT NULL,
    details        jsonb NOT NULL CHECK (jsonb_typeof(details) = 'object'),
    started_at     timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL
);
