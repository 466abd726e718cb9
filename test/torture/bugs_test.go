package torture_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/torture"
)

// bug is a build with one known mistake.
type bug struct {
	name   string // of its patch
	store  torture.Store
	faults []string      // that show it; none: all
	within time.Duration // of load
	night  bool          // only a midnight shows it
}

const long = 20 * time.Second

// seeded are all mistakes that there is a patch for.
var seeded = []bug{
	{name: "answer-before-commit", store: torture.SQLite, within: long},
	{name: "select-then-update", store: torture.Postgres, within: long},
	{name: "lock-with-a-join", store: torture.Postgres, within: long},
	{name: "no-batch-id", store: torture.Postgres, faults: []string{torture.CutOfAnswer}, within: long},
	{name: "run-again-after-the-fence", store: torture.Postgres, faults: []string{torture.Strand}, within: long},
	{name: "the-instances-clock-decides", store: torture.Postgres, faults: []string{torture.ClockStep}, within: long},
	{name: "refund-to-the-current-period", store: torture.SQLite, faults: []string{torture.Kill}, within: long},
	{name: "history-of-the-present-day", store: torture.SQLite, faults: []string{torture.Freeze}, within: long, night: true},
	{name: "double-settlement", store: torture.SQLite, faults: []string{torture.Kill}, within: long},
	{name: "version-not-compared", store: torture.Postgres, faults: []string{}, within: long},
	{name: "synchronous-off", store: torture.Postgres, faults: []string{torture.ServerStop, torture.ServerKill}, within: long},
}

// TestKillsFindAnAnswerBeforeItsCommit proves that the torture can fail.
func TestKillsFindAnAnswerBeforeItsCommit(t *testing.T) {
	t.Parallel()
	bug{name: "answer-before-commit", store: torture.SQLite, faults: []string{torture.Kill}, within: 6 * time.Second}.isFound(t)
}

// isFound wants a run to find the mistake. Of several seeds one must do, for what a fault
// hits depends on the machine.
func (b bug) isFound(t *testing.T) {
	t.Helper()
	options := torture.Options{Store: b.store, Duration: b.within, Faults: b.faults, Midnight: b.night}
	options.Build = options.Builds(t, b.name)
	begun := time.Now()
	for options.Seed = 1; options.Seed <= 5; options.Seed++ {
		report := torture.Run(t, options)
		if found := report.Findings.Violations; len(found) > 0 {
			t.Logf("%s: found %d times after %s: %s", b.name, len(found), time.Since(begun).Round(time.Second), found[0])
			return
		}
	}
	t.Errorf("a build with the mistake %q passes", b.name)
}

// TestBugsApply tells at once if a patch has to follow the code, or no run is to find it.
func TestBugsApply(t *testing.T) {
	t.Parallel()
	bugs, err := torture.Bugs()
	if err != nil || len(bugs) == 0 {
		t.Fatalf("%d patches: %v", len(bugs), err)
	}
	for _, patch := range bugs {
		if !slices.ContainsFunc(seeded, func(b bug) bool { return b.name == patch }) {
			t.Errorf("bugs/%s.patch has no row in seeded", patch)
		}
		if err := make(torture.Overlay).Patch(t.Context(), filepath.Join("bugs", patch+".patch"), t.TempDir()); err != nil {
			t.Error(err)
		}
	}
}

// TestClockSteps tells at once if the clock that steps has to follow Go.
func TestClockSteps(t *testing.T) {
	t.Parallel()
	if err := make(torture.Overlay).StepClock(t.Context(), t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestPatchThatNoLongerAppliesSaysSo(t *testing.T) {
	t.Parallel()
	for name, patch := range map[string]string{
		"other code": "diff --git a/LICENSE b/LICENSE\n--- a/LICENSE\n+++ b/LICENSE\n@@ -1,1 +1,1 @@\n-what was never there\n+what is new\n",
		"no file":    "diff --git a/no/such.go b/no/such.go\n--- a/no/such.go\n+++ b/no/such.go\n@@ -1,1 +1,1 @@\n-old\n+new\n",
	} {
		path := filepath.Join(t.TempDir(), "some.patch")
		if err := os.WriteFile(path, []byte(patch), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := make(torture.Overlay).Patch(t.Context(), path, t.TempDir()); err == nil || !strings.Contains(err.Error(), "no longer applies") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
