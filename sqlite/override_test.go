package sqlite_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/sqlite"
)

func TestReleaseBeforeCantLoseWhatIsBeneath(t *testing.T) {
	now := time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: func() time.Time { return now }})
	storetest.FormerOverrides{
		Store: store, Key: createKey(t, store, ""), Now: now, False: "0",
		At: func(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) },
		Run: func(t *testing.T, statement string) {
			t.Helper()
			if err := store.Run(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		},
	}.Check(t)
}
