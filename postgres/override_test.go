package postgres_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/postgres"
)

func TestReleaseBeforeCantLoseWhatIsBeneath(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	storetest.FormerOverrides{
		Store: store, Key: createKey(t, store, ""), Now: time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC), False: "false",
		At:  func(at time.Time) string { return "'" + at.Format(time.RFC3339) + "'" },
		Run: func(_ *testing.T, statement string) { d.exec(t, statement) },
	}.Check(t)
}
