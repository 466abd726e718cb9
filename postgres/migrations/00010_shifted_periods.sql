-- +goose Up

-- The current periods of quotas that begin them at a time of their own, of few keys.
-- JSON: [{"period", "date", "ends_at", "used", "reserved", "epoch", "refunded"}]. NULL:
-- none.
ALTER TABLE key_usage ADD COLUMN shifted jsonb CHECK (jsonb_typeof(shifted) = 'array');
