package sqladmin

import (
	"context"

	"github.com/ration-dev/ration"
)

// HistorySince implements admin.Usage.
func (s *Store) HistorySince(ctx context.Context) (since ration.PeriodID, err error) {
	err = s.db.Read(ctx, "reading since when history is kept", func(ctx context.Context, r Reader) error {
		since, err = ReadHistorySince(ctx, r)
		return err
	})
	return since, err
}

// ReadHistorySince reads what HistorySince returns. Whoever compares days with it reads
// it after them: days that were deleted meanwhile are then before it.
func ReadHistorySince(ctx context.Context, r Reader) (since ration.PeriodID, err error) {
	err = r.Query(ctx, "SELECT since FROM usage_days_since", func(row Row) { since = row.Date() })
	return since, err
}
