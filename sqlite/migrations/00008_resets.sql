-- +goose Up

-- Resets of the current periods by hand: what each had counted before, which limits no
-- longer read. JSON: {"epoch", "periods": [{"period", "hour" or "date", "epoch",
-- "used", "reserved"}]}. NULL: none. A release that does not know the column goes on
-- limiting by the whole count.
ALTER TABLE key_usage ADD COLUMN resets TEXT CHECK (json_type(resets) = 'object');
