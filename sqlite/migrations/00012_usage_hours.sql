-- +goose Up

-- The history by UTC hour. The latest hour that was counted in is in key_usage, and
-- comes here with the first charge of a later one, so that charges seldom write here.
-- The hour goes first, as the date does in usage_days. Used holds what was given back
-- since, too: view hourly_usage has what remains, of all hours.
CREATE TABLE usage_hours (
    api_key_id BLOB NOT NULL CHECK (length(api_key_id) = 16),
    meter      TEXT NOT NULL,
    hour       INTEGER NOT NULL CHECK (hour % 3600000000 = 0),
    used       INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    given_back INTEGER NOT NULL DEFAULT 0 CHECK (given_back >= 0),
    denied     INTEGER NOT NULL DEFAULT 0 CHECK (denied >= 0),
    PRIMARY KEY (hour, api_key_id, meter)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_hours_key ON usage_hours (api_key_id, hour, meter);

-- A release that does not know these columns counts in no hour.
ALTER TABLE key_usage ADD COLUMN counted_hour INTEGER NOT NULL DEFAULT 0;
ALTER TABLE key_usage ADD COLUMN counted_used INTEGER NOT NULL DEFAULT 0 CHECK (counted_used >= 0);
ALTER TABLE key_usage ADD COLUMN counted_given_back INTEGER NOT NULL DEFAULT 0 CHECK (counted_given_back >= 0);
ALTER TABLE key_usage ADD COLUMN counted_denied INTEGER NOT NULL DEFAULT 0 CHECK (counted_denied >= 0);

CREATE VIEW hourly_usage AS
    SELECT api_key_id, meter, strftime('%Y-%m-%dT%H:00:00Z', hour / 1000000, 'unixepoch') AS hour, max(0, used - given_back) AS used, denied
    FROM usage_hours
    UNION ALL
    SELECT api_key_id, meter, strftime('%Y-%m-%dT%H:00:00Z', counted_hour / 1000000, 'unixepoch'), max(0, counted_used - counted_given_back), counted_denied
    FROM key_usage
    WHERE counted_used > 0 OR counted_denied > 0;

-- From when on hours are complete: days before this migration have none, and old hours
-- are deleted. No row: from the beginning.
CREATE TABLE usage_hours_since (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    since    INTEGER NOT NULL
) STRICT;
INSERT INTO usage_hours_since (since)
    SELECT (unixepoch() / 3600 + 1) * 3600000000 WHERE EXISTS (SELECT 1 FROM usage_days);
