package sqlite

import (
	"context"
	"time"

	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storetest"
)

// PurgeHistory deletes days and entries of the audit log that are older than some time.
// Store is of this package.
func PurgeHistory(ctx context.Context, store storetest.Store, older time.Duration) error {
	s := store.(*Store)
	keep := retention{days: ledger.HistoryRetention(older, 0), audit: older, events: older}
	for _, p := range keep.purges() {
		if _, err := s.purgeAll(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
