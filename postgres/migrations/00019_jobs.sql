-- +goose Up

-- Work of administration that goes on after its caller has left. An instance takes a job
-- by a lease (lease_id is new each time) and does it in steps. Each step is a transaction
-- that changes something and says here how far the job is, on condition that the lease,
-- the number of steps and the state are still the same: so no step is done twice.
-- What a job may reach (owners, plans; an empty list bounds nothing) is what its token
-- could when the job was asked for.
CREATE TABLE jobs (
    id           uuid NOT NULL PRIMARY KEY,
    kind         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    actor        text NOT NULL,
    from_address text NOT NULL,
    token_id     uuid,
    owners       text[] NOT NULL,
    plans        text[] NOT NULL,
    task         text NOT NULL,
    total        bigint NOT NULL CHECK (total >= 0),
    done         bigint NOT NULL CHECK (done >= 0),
    after_key    uuid,
    steps        bigint NOT NULL CHECK (steps >= 0),
    counts       text NOT NULL,
    problems     text NOT NULL,
    error        text NOT NULL,
    lease_id     uuid,
    lease_until  timestamptz,
    created_at   timestamptz NOT NULL,
    started_at   timestamptz,
    finished_at  timestamptz
);
CREATE INDEX jobs_unfinished ON jobs (created_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- What an import imports, with digests in the place of secrets. It is deleted when its
-- job has finished.
CREATE TABLE job_inputs (
    job_id uuid NOT NULL REFERENCES jobs (id),
    number bigint NOT NULL CHECK (number >= 0),
    input  bytea NOT NULL,
    PRIMARY KEY (job_id, number)
);
