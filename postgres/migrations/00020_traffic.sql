-- +goose Up

-- How many answers had each code through each way in, by UTC hour. Ways in and codes are
-- from closed sets. A counter is one instance in one hour: it writes how many it has
-- counted so far, which never gets less, so to write that again changes nothing.
CREATE TABLE traffic_hours (
    hour    timestamptz NOT NULL,
    via     text NOT NULL,
    code    text NOT NULL,
    counter uuid NOT NULL,
    answers bigint NOT NULL CHECK (answers > 0),
    PRIMARY KEY (hour, via, code, counter)
);

CREATE VIEW hourly_traffic AS
    SELECT hour, via, code, sum(answers)::bigint AS answers
    FROM traffic_hours
    GROUP BY hour, via, code;

-- From when on hours are complete: there are none from before this migration, and old
-- ones are deleted. No row: from the beginning.
CREATE TABLE traffic_hours_since (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since    timestamptz NOT NULL
);
INSERT INTO traffic_hours_since (since)
    SELECT date_trunc('hour', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 hour'
    WHERE EXISTS (SELECT FROM usage_days);
