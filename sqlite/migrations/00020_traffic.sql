-- +goose Up

-- How many answers had each code through each way in, by UTC hour. Ways in and codes are
-- from closed sets. A counter is one instance in one hour: it writes how many it has
-- counted so far, which never gets less, so to write that again changes nothing.
CREATE TABLE traffic_hours (
    hour    INTEGER NOT NULL CHECK (hour % 3600000000 = 0),
    via     TEXT NOT NULL,
    code    TEXT NOT NULL,
    counter BLOB NOT NULL CHECK (length(counter) = 16),
    answers INTEGER NOT NULL CHECK (answers > 0),
    PRIMARY KEY (hour, via, code, counter)
) STRICT, WITHOUT ROWID;

CREATE VIEW hourly_traffic AS
    SELECT strftime('%Y-%m-%dT%H:00:00Z', hour / 1000000, 'unixepoch') AS hour, via, code, sum(answers) AS answers
    FROM traffic_hours
    GROUP BY traffic_hours.hour, via, code;

-- From when on hours are complete: there are none from before this migration, and old
-- ones are deleted. No row: from the beginning.
CREATE TABLE traffic_hours_since (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    since    INTEGER NOT NULL
) STRICT;
INSERT INTO traffic_hours_since (since)
    SELECT (unixepoch() / 3600 + 1) * 3600000000 WHERE EXISTS (SELECT 1 FROM usage_days);
