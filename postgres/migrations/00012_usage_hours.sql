-- +goose Up

-- The history by UTC hour. The latest hour that was counted in is in key_usage, and
-- comes here with the first charge of a later one, so that charges seldom write here.
-- Used holds what was given back since, too: view hourly_usage has what remains, of
-- all hours.
CREATE TABLE usage_hours (
    api_key_id uuid NOT NULL,
    meter      text NOT NULL,
    hour       timestamptz NOT NULL,
    used       bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    given_back bigint NOT NULL DEFAULT 0 CHECK (given_back >= 0),
    denied     bigint NOT NULL DEFAULT 0 CHECK (denied >= 0),
    PRIMARY KEY (api_key_id, meter, hour)
);
-- For reports over all keys and for retention.
CREATE INDEX usage_hours_hour ON usage_hours (hour, api_key_id, meter);

-- A release that does not know these columns counts in no hour.
ALTER TABLE key_usage
    ADD COLUMN counted_hour timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    ADD COLUMN counted_used bigint NOT NULL DEFAULT 0 CHECK (counted_used >= 0),
    ADD COLUMN counted_given_back bigint NOT NULL DEFAULT 0 CHECK (counted_given_back >= 0),
    ADD COLUMN counted_denied bigint NOT NULL DEFAULT 0 CHECK (counted_denied >= 0);

CREATE VIEW hourly_usage AS
    SELECT api_key_id, meter, hour, greatest(0, used - given_back) AS used, denied
    FROM usage_hours
    UNION ALL
    SELECT api_key_id, meter, counted_hour, greatest(0, counted_used - counted_given_back), counted_denied
    FROM key_usage
    WHERE counted_used > 0 OR counted_denied > 0;

-- From when on hours are complete: days before this migration have none, and old hours
-- are deleted. No row: from the beginning.
CREATE TABLE usage_hours_since (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since    timestamptz NOT NULL
);
INSERT INTO usage_hours_since (since)
    SELECT date_trunc('hour', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 hour'
    WHERE EXISTS (SELECT FROM usage_days);
