-- +goose Up

-- From which date on the history by day is complete, in every time zone: older days are
-- deleted. No row: from the beginning.
CREATE TABLE usage_days_since (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    since    TEXT NOT NULL CHECK (length(since) = 10)
) STRICT;
