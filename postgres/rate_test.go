package postgres_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/postgres"
)

func TestReleaseBeforeMovesRatesThatKeepNoQuantity(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	storetest.FormerRates{
		Store: store, Key: createKey(t, store, ""),
		At:  func(at time.Time) string { return "'" + at.Format(time.RFC3339Nano) + "'" },
		Run: func(_ *testing.T, statement string) { d.exec(t, statement) },
	}.Check(t)
}
