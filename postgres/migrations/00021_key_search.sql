-- +goose Up

-- The words of names and owners, as the search folds them. Its rows are found by the
-- beginning of a word, and all texts that are compared by their order are so by bytes.
CREATE TABLE key_words (
    word       text COLLATE "C" NOT NULL,
    api_key_id uuid NOT NULL REFERENCES api_keys (id),
    PRIMARY KEY (word, api_key_id)
);
CREATE INDEX key_words_key ON key_words (api_key_id);

-- The updated_at that the words of a key belong to. A release that doesn't know them
-- leaves it as it is, so its changes are found, and their words are written later.
ALTER TABLE api_keys ADD COLUMN words_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00';
CREATE INDEX api_keys_unworded ON api_keys (words_at, id) WHERE words_at <> updated_at;

CREATE INDEX api_keys_name_bytes ON api_keys (name COLLATE "C", id);
CREATE INDEX api_keys_owner_bytes ON api_keys (owner COLLATE "C", id);
CREATE INDEX api_keys_status ON api_keys (status, id);
CREATE INDEX api_key_secrets_start ON api_key_secrets (starts_with COLLATE "C", api_key_id);

-- What encrypts the places of lists that are not to be told.
CREATE TABLE cursor_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key      bytea NOT NULL CHECK (length(key) = 32)
);
INSERT INTO cursor_key (key) VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
