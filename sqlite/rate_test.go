package sqlite_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/sqlite"
)

func TestReleaseBeforeMovesRatesThatKeepNoQuantity(t *testing.T) {
	store := open(t, sqlite.Config{Path: newPath(t), Clock: newFakeClock(noon).now})
	storetest.FormerRates{
		Store: store, Key: createKey(t, store, ""),
		At: func(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) },
		Run: func(t *testing.T, statement string) {
			t.Helper()
			if err := store.Run(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		},
	}.Check(t)
}
