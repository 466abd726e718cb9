-- +goose Up

-- Who is logged in. A session that was begun with a service token, or with a login link
-- that one has made, has its id: it holds no more than the token does now, and is over
-- when the token is. What it may reach (owners, plans) is all if a list is empty.
CREATE TABLE sessions (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    name         TEXT NOT NULL,
    actor        TEXT NOT NULL,
    method       TEXT NOT NULL,
    token_id     BLOB CHECK (length(token_id) = 16),
    scopes       TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
    owners       TEXT NOT NULL CHECK (json_type(owners) = 'array'),
    plans        TEXT NOT NULL CHECK (json_type(plans) = 'array'),
    from_address TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_open ON sessions (id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Links that log somebody in once: a transaction that sets used_at begins the session.
CREATE TABLE login_links (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
    owners     TEXT NOT NULL CHECK (json_type(owners) = 'array'),
    plans      TEXT NOT NULL CHECK (json_type(plans) = 'array'),
    created_by TEXT NOT NULL,
    token_id   BLOB CHECK (length(token_id) = 16),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_links_expires ON login_links (expires_at);
