-- +goose Up

-- A token may be narrowed to keys with one of some owners and one of some plans; an
-- empty list narrows nothing. Its last use is written at most once a minute.
ALTER TABLE admin_tokens ADD COLUMN owners text[] NOT NULL DEFAULT '{}';
ALTER TABLE admin_tokens ADD COLUMN plans text[] NOT NULL DEFAULT '{}';
ALTER TABLE admin_tokens ADD COLUMN last_used_at timestamptz;

-- Where a change came from, an IP address or 'socket' ('': not known), and the token
-- that it was made with (NULL: none).
ALTER TABLE audit_log ADD COLUMN from_address text NOT NULL DEFAULT '';
ALTER TABLE audit_log ADD COLUMN token_id uuid;
