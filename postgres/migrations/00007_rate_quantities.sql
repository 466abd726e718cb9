-- +goose Up

-- The quantity by which a rate's tat was found, so that its units are known under any
-- other. It belongs to the tat that was written with it: where that has moved since, a
-- release that does not know the quantity has moved it, and the quantity says nothing.
ALTER TABLE key_usage
    ADD COLUMN second_rate_quantity bigint NOT NULL DEFAULT 0,
    ADD COLUMN second_rate_quantity_tat timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    ADD COLUMN minute_rate_quantity bigint NOT NULL DEFAULT 0,
    ADD COLUMN minute_rate_quantity_tat timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00';
