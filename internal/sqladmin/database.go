package sqladmin

import (
	"context"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// Database implements admin.Maintenance.
func (s *Store) Database(ctx context.Context) (found admin.Database, now time.Time, err error) {
	err = s.db.Read(ctx, "describing the database", func(ctx context.Context, r Reader) error {
		if now, err = r.Now(ctx); err != nil {
			return err
		}
		return r.Query(ctx, r.Description(), func(row Row) {
			found = admin.Database{Kind: row.Text(), Version: row.Text(), Schema: row.Int(), Size: row.Int()}
		})
	})
	return found, now, err
}
