package postgres

import (
	"context"
	"time"
)

// purgeAuditSQL is purgeKeptSQL for the audit log. It is not among the statements that
// decisions' connections prepare: these need no access to that table.
const purgeAuditSQL = `
DELETE FROM audit_log
WHERE id = ANY(ARRAY(
    SELECT id
    FROM audit_log
    WHERE at < least((SELECT ration_now()), $1::timestamptz) - make_interval(secs => $2::float8)
    ORDER BY at
    LIMIT $3::bigint
    FOR UPDATE SKIP LOCKED))`

// purgeAudit deletes a part of the entries that are older than some time.
func (s *Store) purgeAudit(ctx context.Context, older time.Duration) (deleted int64, err error) {
	err = s.write(ctx, "deleting entries of the audit log", func(ctx context.Context, t tx) (err error) {
		deleted, err = t.exec(ctx, purgeAuditSQL, s.config.InstanceClock(), older.Seconds(), int64(mostPerPart))
		return err
	})
	return deleted, err
}
