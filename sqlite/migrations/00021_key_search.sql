-- +goose Up

-- The words of names and owners, as the search folds them. Its rows are found by the
-- beginning of a word.
CREATE TABLE key_words (
    word       TEXT NOT NULL,
    api_key_id BLOB NOT NULL REFERENCES api_keys (id),
    PRIMARY KEY (word, api_key_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_words_key ON key_words (api_key_id);

-- The updated_at that the words of a key belong to. A release that doesn't know them
-- leaves it as it is, so its changes are found, and their words are written later.
ALTER TABLE api_keys ADD COLUMN words_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX api_keys_unworded ON api_keys (words_at, id) WHERE words_at <> updated_at;

CREATE INDEX api_keys_status ON api_keys (status, id);
CREATE INDEX api_key_secrets_start ON api_key_secrets (starts_with, api_key_id);

-- What encrypts the places of lists that are not to be told.
CREATE TABLE cursor_key (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    key      BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
INSERT INTO cursor_key (key) VALUES (randomblob(32));
