-- +goose Up

-- Work of administration that goes on after its caller has left. An instance takes a job
-- by a lease (lease_id is new each time) and does it in steps. Each step is a transaction
-- that changes something and says here how far the job is, on condition that the lease,
-- the number of steps and the state are still the same: so no step is done twice.
-- What a job may reach (owners, plans; an empty list bounds nothing) is what its token
-- could when the job was asked for.
CREATE TABLE jobs (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    actor        TEXT NOT NULL,
    from_address TEXT NOT NULL,
    token_id     BLOB CHECK (length(token_id) = 16),
    owners       TEXT NOT NULL CHECK (json_type(owners) = 'array'),
    plans        TEXT NOT NULL CHECK (json_type(plans) = 'array'),
    task         TEXT NOT NULL,
    total        INTEGER NOT NULL CHECK (total >= 0),
    done         INTEGER NOT NULL CHECK (done >= 0),
    after_key    BLOB CHECK (length(after_key) = 16),
    steps        INTEGER NOT NULL CHECK (steps >= 0),
    counts       TEXT NOT NULL,
    problems     TEXT NOT NULL,
    error        TEXT NOT NULL,
    lease_id     BLOB CHECK (length(lease_id) = 16),
    lease_until  INTEGER,
    created_at   INTEGER NOT NULL,
    started_at   INTEGER,
    finished_at  INTEGER
) STRICT;
CREATE INDEX jobs_unfinished ON jobs (created_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- What an import imports, with digests in the place of secrets. It is deleted when its
-- job has finished.
CREATE TABLE job_inputs (
    job_id BLOB NOT NULL REFERENCES jobs (id),
    number INTEGER NOT NULL CHECK (number >= 0),
    input  BLOB NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT;
