package torture_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/test/torture"
)

// bug is a build with one known mistake.
type bug struct {
	name   string // of its patch
	store  torture.Store
	faults []string      // that show it; none: it shows without
	within time.Duration // of load
}

// TestKillsFindAnAnswerBeforeItsCommit proves that the torture can fail.
func TestKillsFindAnAnswerBeforeItsCommit(t *testing.T) {
	t.Parallel()
	bug{"answer-before-commit", torture.SQLite, []string{torture.Killed}, 3 * time.Second}.isFound(t)
}

// isFound wants a run to find the mistake. Of several seeds one must do, for what a fault
// hits depends on the machine.
func (b bug) isFound(t *testing.T) {
	t.Helper()
	build, begun := torture.BuildWith(t, b.name), time.Now()
	for seed := range uint64(5) {
		report := torture.Run(t, torture.Options{Store: b.store, Seed: seed + 1, Duration: b.within, Build: build, Faults: b.faults})
		if found := report.Findings.Violations; len(found) > 0 {
			t.Logf("%s: found %d times after %s: %s", b.name, len(found), time.Since(begun).Round(time.Second), found[0])
			return
		}
	}
	t.Errorf("a build with the mistake %q passes", b.name)
}
