package heartbeat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/heartbeat"
)

// fleet notes when something was asked of it.
type fleet struct {
	admin.Fleet
	begin     time.Time
	fail      func(beat int) error
	hang      bool // until the context ends
	noted     []time.Duration
	forgotten []uuid.UUID
}

func (f *fleet) NoteInstance(ctx context.Context, _ admin.ServingInstance) error {
	f.noted = append(f.noted, time.Since(f.begin))
	if f.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.fail(len(f.noted))
}

func (f *fleet) ForgetInstance(ctx context.Context, id uuid.UUID) error {
	f.forgotten = append(f.forgotten, id)
	if f.hang {
		<-ctx.Done()
	}
	return ctx.Err()
}

// live runs a heart for some time, and returns how long it then took to stop, and its log.
func live(t *testing.T, f *fleet, instance admin.ServingInstance, lifetime time.Duration) (stopping time.Duration, log string) {
	t.Helper()
	f.begin = time.Now()
	var written bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		heartbeat.Run(ctx, f, instance, slog.New(slog.NewTextHandler(&written, nil)))
	}()
	time.Sleep(lifetime)
	stop()
	began := time.Now()
	<-stopped
	return time.Since(began), written.String()
}

var self = admin.ServingInstance{Instance: admin.Instance{ID: uuid.Must(uuid.NewV7())}}

func TestAnInstanceBeatsAtOnceThenEvery10SecondsAndIsForgottenInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{fail: func(int) error { return nil }}
		_, log := live(t, f, self, 25*time.Second)
		if len(f.noted) != 3 || f.noted[0] != 0 || f.noted[1] != heartbeat.Interval || f.noted[2] != 2*heartbeat.Interval {
			t.Errorf("it was noted at %v", f.noted)
		}
		if len(f.forgotten) != 1 || f.forgotten[0] != self.ID || log != "" {
			t.Errorf("forgotten %v; the log: %s", f.forgotten, log)
		}
	})
}

func TestAnOutageIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("the database is away")
		f := &fleet{fail: func(beat int) error {
			if beat >= 3 && beat < 20 || beat >= 30 {
				return away
			}
			return nil
		}}
		_, log := live(t, f, self, 40*heartbeat.Interval)
		lost, again := strings.Count(log, "level=WARN"), strings.Count(log, "level=INFO")
		if lost != 2 || again != 1 || !strings.Contains(log, away.Error()) || len(f.noted) < 40 {
			t.Errorf("%d warnings, %d all-clears in %d beats, want 2 and 1:\n%s", lost, again, len(f.noted), log)
		}
	})
}

func TestADatabaseThatHangsHoldsAStopUpFor2Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{hang: true}
		stopping, log := live(t, f, self, 35*time.Second)
		if stopping != 2*time.Second || len(f.noted) != 4 || strings.Count(log, "level=WARN") != 1 {
			t.Errorf("stopping took %s; noted at %v; the log: %s", stopping, f.noted, log)
		}
	})
}

func TestAStopInTheFirstBeatIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{hang: true}
		if _, log := live(t, f, self, time.Second); strings.Contains(log, "that this instance runs") || len(f.forgotten) != 1 {
			t.Errorf("forgotten %v; the log: %s", f.forgotten, log)
		}
	})
}
