-- +goose Up

-- The version of the schema that a build has to know to run on this one: an older
-- build, whose newest migration is at least that, goes on. A migration after which
-- the builds before it would break or decide wrongly sets its own version here; one
-- that only adds something leaves it.
CREATE TABLE schema_compatibility (
    only_row      INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    least_version INTEGER NOT NULL CHECK (least_version >= 4)
) STRICT;
INSERT INTO schema_compatibility (least_version) VALUES (4);
