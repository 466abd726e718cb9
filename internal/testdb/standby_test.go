package testdb_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
)

func TestStandbyHasWhatItsPrimaryCommittedAndCanBePromoted(t *testing.T) {
	t.Parallel()
	primary := testdb.StartCluster(t, nil)
	standby := primary.StartStandby(t, "b", nil)
	conn := connect(t, primary.DSN())
	run(t, conn, "alter system set synchronous_standby_names = 'b'")
	run(t, conn, "select pg_reload_conf()")
	for !ask[bool](t, conn, "select exists (select from pg_stat_replication where application_name = 'b' and sync_state = 'sync')") {
		if t.Context().Err() != nil {
			t.Fatal("no synchronous standby")
		}
	}
	run(t, conn, "create table visits (n int); insert into visits values (1)")
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	promoted := connect(t, standby.DSN())
	if !ask[bool](t, promoted, "select pg_is_in_recovery()") {
		t.Error("it is a primary already")
	}
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	run(t, promoted, "insert into visits values (2)")
	if got := ask[int](t, promoted, countVisits); got != 2 {
		t.Errorf("%d rows, want 2", got)
	}
}
