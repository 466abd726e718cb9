-- +goose Up

CREATE TABLE plans (
    name       text PRIMARY KEY,
    time_zone  text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE plan_limits (
    plan     text NOT NULL REFERENCES plans (name) ON DELETE CASCADE,
    meter    text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('quota', 'rate')),
    period   text NOT NULL CHECK (period IN ('second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime')),
    name     text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst    bigint NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    PRIMARY KEY (plan, meter, kind, period)
);

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    owner       text NOT NULL DEFAULT '',
    plan        text REFERENCES plans (name),
    status      text NOT NULL CHECK (status IN ('pending', 'active', 'disabled', 'revoked', 'rejected')),
    expires_at  timestamptz,
    scopes      text[] NOT NULL DEFAULT '{}',
    allowed_ips text[] NOT NULL DEFAULT '{}',
    time_zone   text NOT NULL DEFAULT '',
    metadata    jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX api_keys_owner ON api_keys (owner, id);
CREATE INDEX api_keys_name ON api_keys (name, id);
CREATE INDEX api_keys_plan ON api_keys (plan, id);

CREATE TABLE api_key_limits (
    api_key_id uuid NOT NULL REFERENCES api_keys (id),
    meter      text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('quota', 'rate')),
    period     text NOT NULL CHECK (period IN ('second', 'minute', 'hour', 'day', 'week', 'month', 'lifetime')),
    name       text NOT NULL,
    unlimited  boolean NOT NULL DEFAULT false,
    quantity   bigint NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740992),
    burst      bigint NOT NULL CHECK (burst BETWEEN 0 AND 9007199254740992),
    expires_at timestamptz,
    PRIMARY KEY (api_key_id, meter, kind, period)
);

-- Insert-only: a digest never changes hands, which is why it may be cached.
CREATE TABLE secret_digests (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 32),
    api_key_id uuid NOT NULL,
    secret_id  uuid NOT NULL
);

CREATE TABLE api_key_secrets (
    api_key_id   uuid NOT NULL REFERENCES api_keys (id),
    secret_id    uuid NOT NULL,
    label        text NOT NULL DEFAULT '',
    starts_with  text NOT NULL,
    ends_with    text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (api_key_id, secret_id)
) WITH (fillfactor = 70);

-- The row of meter 'requests' is the lock of its key: every writer takes it
-- first. Running periods are held here, so a charge updates one row; none of
-- the columns it updates may be in an index, or updates would stop being HOT.
-- A label is the first local date of a period (of an hour, its start): it only goes up.
CREATE TABLE key_usage (
    api_key_id       uuid NOT NULL,
    meter            text NOT NULL,
    used             bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    reserved         bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    denied           bigint NOT NULL DEFAULT 0 CHECK (denied >= 0),
    first_request_at timestamptz,
    last_request_at  timestamptz,
    hour_label       timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    hour_ends_at     timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    hour_used        bigint NOT NULL DEFAULT 0 CHECK (hour_used >= 0),
    hour_reserved    bigint NOT NULL DEFAULT 0 CHECK (hour_reserved >= 0),
    day_label        date NOT NULL DEFAULT '1970-01-01',
    day_ends_at      timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    day_used         bigint NOT NULL DEFAULT 0 CHECK (day_used >= 0),
    day_reserved     bigint NOT NULL DEFAULT 0 CHECK (day_reserved >= 0),
    week_label       date NOT NULL DEFAULT '1970-01-01',
    week_ends_at     timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    week_used        bigint NOT NULL DEFAULT 0 CHECK (week_used >= 0),
    week_reserved    bigint NOT NULL DEFAULT 0 CHECK (week_reserved >= 0),
    month_label      date NOT NULL DEFAULT '1970-01-01',
    month_ends_at    timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    month_used       bigint NOT NULL DEFAULT 0 CHECK (month_used >= 0),
    month_reserved   bigint NOT NULL DEFAULT 0 CHECK (month_reserved >= 0),
    -- GCRA: when the bucket is whole again, and the fraction of the next microsecond in 1/quantity.
    second_rate_tat  timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    second_rate_rest bigint NOT NULL DEFAULT 0,
    minute_rate_tat  timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    minute_rate_rest bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (api_key_id, meter)
) WITH (fillfactor = 50);

CREATE TABLE usage_days (
    api_key_id      uuid NOT NULL,
    meter           text NOT NULL,
    date            date NOT NULL,
    used            bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    denied          bigint NOT NULL DEFAULT 0 CHECK (denied >= 0),
    last_request_at timestamptz,
    PRIMARY KEY (api_key_id, meter, date)
) WITH (fillfactor = 50);
-- For reports over all keys and for retention; a charge changes none of its columns.
CREATE INDEX usage_days_date ON usage_days (date, api_key_id, meter);

CREATE VIEW daily_usage AS
    SELECT api_key_id, date, used AS request_count, denied AS denied_count, last_request_at
    FROM usage_days
    WHERE meter = 'requests';

-- One row per committed batch: finding it again answers a commit whose answer was lost.
CREATE TABLE charge_batches (
    api_key_id uuid NOT NULL,
    id         uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (api_key_id, id)
);

CREATE TABLE admin_tokens (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    digest      bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    scopes      text[] NOT NULL,
    starts_with text NOT NULL,
    ends_with   text NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz
);
CREATE UNIQUE INDEX admin_tokens_name ON admin_tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE audit_log (
    id      uuid PRIMARY KEY,
    at      timestamptz NOT NULL,
    actor   text NOT NULL,
    action  text NOT NULL,
    target  text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_target ON audit_log (target, at);

-- The only source of time for decisions; tests replace it.
-- +goose StatementBegin
CREATE FUNCTION ration_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE PARALLEL SAFE
    AS 'SELECT clock_timestamp()';
-- +goose StatementEnd
