-- +goose Up

-- One row for each thing that changed a key's counts, where the log is switched
-- on, written with them: the finer grain that proves the counts. Entries of a key
-- are numbered. Meters is JSON: [{"meter","day","used","reserved","denied","used_after","denied_after"}].
CREATE TABLE request_log (
    api_key_id     BLOB NOT NULL CHECK (length(api_key_id) = 16),
    number         INTEGER NOT NULL,
    day            TEXT NOT NULL CHECK (length(day) = 10),
    at             INTEGER NOT NULL,
    action         TEXT NOT NULL CHECK (action IN ('charge', 'reserve', 'settle', 'void', 'expire', 'refund')),
    code           TEXT NOT NULL,
    via            TEXT NOT NULL,
    method         TEXT NOT NULL,
    route          TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    reservation_id BLOB CHECK (length(reservation_id) = 16),
    meters         TEXT NOT NULL CHECK (json_type(meters) = 'array'),
    PRIMARY KEY (api_key_id, number)
) STRICT, WITHOUT ROWID;
-- For retention: the day is UTC's.
CREATE INDEX request_log_day ON request_log (day);
