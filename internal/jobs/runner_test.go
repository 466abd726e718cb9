package jobs_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/jobs"
)

// TestRunner does jobs one after the other, and gives the one that it does back when it
// is stopped.
func TestRunner(t *testing.T) {
	onBothStores(t, func(w *works) {
		w.plan("free")
		w.keys(700, func(int, *admin.ImportedKey) {})
		first := w.start(toPlan("free"))
		second := w.start(toPlan(""))
		run := func(until func() bool) {
			ctx, stop := context.WithCancel(w.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				runner := jobs.Runner{Jobs: w.Service, Log: slog.New(slog.DiscardHandler)}
				runner.Run(ctx)
			}()
			for !until() {
				time.Sleep(time.Millisecond)
			}
			stop()
			<-ended
		}
		run(func() bool { return must[admin.Job](w)(w.ShowJob(w.Context(), first)).Done > 0 })
		stopped := must[admin.Job](w)(w.ShowJob(w.Context(), first))
		if stopped.State == admin.JobRunning {
			w.Errorf("the job is %s after the stop", stopped.State)
		}
		run(func() bool { return !must[admin.Job](w)(w.ShowJob(w.Context(), second)).FinishedAt.IsZero() })
		for _, id := range []admin.Job{must[admin.Job](w)(w.ShowJob(w.Context(), first)), must[admin.Job](w)(w.ShowJob(w.Context(), second))} {
			if id.State != admin.JobDone || id.Counts.Changed != 700 {
				w.Errorf("job %+v", id)
			}
		}
	})
}
