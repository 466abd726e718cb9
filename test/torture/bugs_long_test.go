//go:build long

package torture_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/test/torture"
)

// TestSeededBugsAreFound builds ration with one mistake after another, and wants each to be
// found within five minutes.
func TestSeededBugsAreFound(t *testing.T) {
	const long = 20 * time.Second
	for _, b := range []bug{
		{"answer-before-commit", torture.SQLite, nil, long},
		{"select-then-update", torture.Postgres, []string{}, long},
		{"lock-with-a-join", torture.Postgres, []string{}, long},
		{"no-batch-id", torture.Postgres, []string{torture.CutOfAnswer}, long},
		{"run-again-after-the-fence", torture.Postgres, []string{torture.Strand}, long},
		{"the-instances-clock-decides", torture.Postgres, []string{torture.ClockStep}, long},
		{"refund-to-the-current-period", torture.SQLite, []string{torture.Kill}, long},
		{"double-settlement", torture.SQLite, []string{torture.Kill}, long},
		{"synchronous-off", torture.Postgres, []string{torture.ServerStop, torture.ServerKill}, long},
	} {
		t.Run(b.name, func(t *testing.T) { b.isFound(t) })
	}
}
