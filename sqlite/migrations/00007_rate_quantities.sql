-- +goose Up

-- The quantity by which a rate's tat was found, so that its units are known under any
-- other. It belongs to the tat that was written with it: where that has moved since, a
-- release that does not know the quantity has moved it, and the quantity says nothing.
ALTER TABLE key_usage ADD COLUMN second_rate_quantity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE key_usage ADD COLUMN second_rate_quantity_tat INTEGER NOT NULL DEFAULT 0;
ALTER TABLE key_usage ADD COLUMN minute_rate_quantity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE key_usage ADD COLUMN minute_rate_quantity_tat INTEGER NOT NULL DEFAULT 0;
