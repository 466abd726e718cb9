package cli

import (
	"context"
	"log/slog"

	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/observe"
)

// activityLog logs what engine and store report: what an operator must know of by
// itself, and what happens all the time for those who debug. It is safe for concurrent
// use.
type activityLog struct {
	log       *slog.Logger
	condensed *condense.Log
}

var _ observe.Observer = (*activityLog)(nil)

func newActivityLog(log *slog.Logger) *activityLog { return &activityLog{log, condense.New(log)} }

// ofBatches returns what the engine tells of each batch; nil where nobody would see it.
func (a *activityLog) ofBatches() observe.Observer {
	if !a.log.Enabled(context.Background(), slog.LevelDebug) {
		return nil
	}
	return a
}

// BatchEnded implements [observe.Observer].
func (a *activityLog) BatchEnded(b observe.Batch) {
	a.log.Debug("a batch ended", "lane", b.Lane, "items", b.Items, "waiting", b.Waiting, "waited", b.Waited, "took", b.Took, "error", b.Err)
}

// Retried implements [observe.Observer].
func (a *activityLog) Retried(r observe.Retry) {
	a.log.Debug("a batch is sent again", "reason", r.Reason)
}

// CommitResolved implements [observe.Observer].
func (a *activityLog) CommitResolved(r observe.Resolution) {
	a.condensed.Say(context.Background(), slog.LevelInfo, condense.Kind{Message: "the answer to a commit was lost", Code: r.Outcome})
}

// Purged implements [observe.Observer]. The store itself logs what can't be deleted.
func (a *activityLog) Purged(p observe.Purge) {
	a.log.Debug("deleted what is kept no longer", "table", p.Table, "rows", p.Rows, "took", p.Took, "error", p.Err)
}

// WeaknessChanged implements [observe.Observer].
func (a *activityLog) WeaknessChanged(w observe.Weakness) {
	if !w.Active {
		a.log.Info("a promise holds again", "weakness", w.What)
		return
	}
	a.log.Warn("a promise is weakened", "weakness", w.What, "reason", w.Detail)
}
