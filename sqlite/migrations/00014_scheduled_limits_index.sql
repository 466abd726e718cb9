-- +goose Up

-- What has started.
CREATE INDEX api_key_limits_starts ON api_key_limits (starts_at) WHERE starts_at IS NOT NULL;
