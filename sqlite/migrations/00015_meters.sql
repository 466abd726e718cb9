-- +goose Up

-- Meters that were given a unit: all counts, quantities and amounts of such a meter are
-- whole numbers of units of 10^-decimals. A meter that is not here counts whole
-- numbers. A unit changes only while nothing counts on the meter: no row of key_usage,
-- and no limit but concurrent ones.
CREATE TABLE meters (
    name       TEXT NOT NULL PRIMARY KEY,
    decimals   INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 9),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
