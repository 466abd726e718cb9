package cli

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/ration-dev/ration/observe"
)

func TestActivityIsLoggedByItsWeight(t *testing.T) {
	for level, row := range map[slog.Level]struct {
		batches bool
		lines   int
	}{slog.LevelDebug: {true, 6}, slog.LevelInfo: {false, 3}, slog.LevelWarn: {false, 1}} {
		var out bytes.Buffer
		a := newActivityLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
		if got := a.ofBatches() != nil; got != row.batches {
			t.Errorf("at %s batches are told: %t", level, got)
		}
		a.BatchEnded(observe.Batch{Store: "postgres", Items: 7})
		a.Retried(observe.Retry{Reason: observe.RetryConflict})
		a.Purged(observe.Purge{Table: "reservations", Rows: 3})
		for range 100 {
			a.CommitResolved(observe.Resolution{Outcome: observe.CommitFound})
		}
		a.WeaknessChanged(observe.Weakness{What: observe.WeaknessStandbyAway, Active: true, Detail: "2 commits wait"})
		a.WeaknessChanged(observe.Weakness{What: observe.WeaknessStandbyAway})
		if got := strings.Count(out.String(), "\n"); got != row.lines || !strings.Contains(out.String(), `"a promise is weakened" weakness=standby_away reason="2 commits wait"`) {
			t.Errorf("%d lines at %s, want %d:\n%s", got, level, row.lines, &out)
		}
	}
}
