-- +goose Up

-- From which date on the history by day is complete, in every time zone: older days are
-- deleted. No row: from the beginning.
CREATE TABLE usage_days_since (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since    date NOT NULL
);
