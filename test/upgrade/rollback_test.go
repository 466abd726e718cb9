package upgrade_test

import (
	"path/filepath"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

func TestRollingBackAndForthOnSQLite(t *testing.T) {
	w := newWalk(t, "sqlite:"+filepath.Join(t.TempDir(), "ration.db"))
	for _, build := range []harness.Build{w.former, w.this, w.former, w.this} {
		w.serve(build)
		w.turn()
		w.stop()
	}
	w.judge()
}

func TestRollingBackAndForthOnPostgreSQL(t *testing.T) {
	w := newWalk(t, testdb.Postgres(t))
	w.serve(w.former)
	w.turn()
	w.this.CLI(t, w.db, "migrate") // under the former build, which goes on
	w.turn()
	w.serve(w.this)
	w.turn() // through both
	w.stop()
	for _, build := range []harness.Build{w.former, w.this} {
		w.serve(build)
		w.turn()
		w.stop()
	}
	w.judge()
}
