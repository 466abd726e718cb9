-- +goose Up

-- Who is logged in. A session that was begun with a service token, or with a login link
-- that one has made, has its id: it holds no more than the token does now, and is over
-- when the token is. What it may reach (owners, plans) is all if a list is empty.
CREATE TABLE sessions (
    id           uuid NOT NULL PRIMARY KEY,
    digest       bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    name         text NOT NULL,
    actor        text NOT NULL,
    method       text NOT NULL,
    token_id     uuid,
    scopes       text[] NOT NULL,
    owners       text[] NOT NULL,
    plans        text[] NOT NULL,
    from_address text NOT NULL,
    user_agent   text NOT NULL,
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE INDEX sessions_open ON sessions (id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Links that log somebody in once: a transaction that sets used_at begins the session.
CREATE TABLE login_links (
    id         uuid NOT NULL PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    name       text NOT NULL,
    scopes     text[] NOT NULL,
    owners     text[] NOT NULL,
    plans      text[] NOT NULL,
    created_by text NOT NULL,
    token_id   uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX login_links_expires ON login_links (expires_at);
