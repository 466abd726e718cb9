-- +goose Up

-- One row for each thing that changed a key's counts, where the log is switched
-- on, written with them: the finer grain that proves the counts. Entries of a key
-- are numbered in their order, for its lock is held. Meters is JSON:
-- [{"meter","day","used","reserved","denied","used_after","denied_after"}].
CREATE TABLE request_log (
    api_key_id     uuid NOT NULL,
    day            date NOT NULL,
    number         bigint GENERATED ALWAYS AS IDENTITY,
    at             timestamptz NOT NULL,
    action         text NOT NULL CHECK (action IN ('charge', 'reserve', 'settle', 'void', 'expire', 'refund')),
    code           text NOT NULL,
    via            text NOT NULL,
    method         text NOT NULL,
    route          text NOT NULL,
    request_id     text NOT NULL,
    reservation_id uuid,
    meters         jsonb NOT NULL CHECK (jsonb_typeof(meters) = 'array'),
    PRIMARY KEY (api_key_id, day, number)
) PARTITION BY RANGE (day);
-- Days are UTC's. An instance makes their partitions ahead; what finds none is here.
CREATE TABLE request_log_default PARTITION OF request_log DEFAULT;
