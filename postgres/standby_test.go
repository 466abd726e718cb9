package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/observe"
	"github.com/ration-dev/ration/postgres"
)

// TestStandbyThatIsAwayIsSaid: while commits wait for a standby that is away, the
// store is not ready, says why, opens no more connections, and is ready by itself
// when the standby is not waited for any more.
func TestStandbyThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	d := migrated(t, testdb.StartCluster(t, nil).DSN())
	seen := new(weaknessSeen)
	store := d.open(t, postgres.Config{Observer: seen})
	id := createKey(t, store, "")
	d.loseStandby(t)
	t.Cleanup(func() { d.regainStandby(t) }) // before the store is closed
	ask1 := func() error {                   // as callers do, who don't wait for ever
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		_, err := store.Charge(ctx, testbatch.Requests(t, id))
		return err
	}
	for { // until the store knows
		err := store.Ready(t.Context())
		if err != nil && strings.Contains(err.Error(), "SyncRep") && strings.Contains(err.Error(), "synchronous_standby_names") {
			break
		}
		_ = ask1()
	}
	_ = awaitError(t, ask1, ration.ErrStoreUnavailable)
	wantFinding(t, store, "standby", admin.FindingProblem, `synchronous_standby_names is "away"`)
	const sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ration'"
	before := ask[int](t, d, sessions)
	for range 500 {
		if err := ask1(); err == nil {
			t.Fatal("admitted without its standby")
		}
	}
	if after := ask[int](t, d, sessions); after > before+2 {
		t.Errorf("%d sessions have become %d", before, after)
	}
	d.regainStandby(t)
	_ = awaitError(t, func() error { return store.Ready(t.Context()) }, nil)
	_ = awaitError(t, ask1, nil)
	wantFinding(t, store, "standby", admin.FindingOK, "no standby is synchronous")
	told := slices.DeleteFunc(seen.take(), func(event string) bool { return !strings.HasSuffix(event, observe.WeaknessStandbyAway) })
	if len(told) < 2 || told[0] != "begins: standby_away" || told[len(told)-1] != "ends: standby_away" {
		t.Errorf("told %q of the standby", told)
	}
}
