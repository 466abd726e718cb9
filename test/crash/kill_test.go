package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	os.Exit(code)
}

const (
	perKill    = 150 // requests admitted between two kills, at least
	clients    = 24
	tightLimit = kills * 50 // reached in the midst of the kills
)

func TestKillsUnderLoadOnSQLite(t *testing.T) {
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	killUnderLoad(t, db, 1)
}

func TestKillsUnderLoadOnPostgreSQLWithThreeInstances(t *testing.T) {
	killUnderLoad(t, testdb.Postgres(t), 3)
}

// subject is a key that clients call with, and what they were answered.
type subject struct {
	harness.Key
	limit int // 0: none
	mu    sync.Mutex
	tally harness.Tally
}

func killUnderLoad(t *testing.T, db string, instances int) {
	upstream := harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	harness.CLI(t, db, "plans", "create", "tight", "--limit", fmt.Sprintf("%d/lifetime", tightLimit))
	subjects := []*subject{newSubject(t, db, 0), newSubject(t, db, 0), newSubject(t, db, tightLimit, "--plan", "tight")}

	fleet := make([]*harness.Instance, instances)
	for i := range fleet {
		fleet[i] = harness.NewInstance(t, db, upstream.URL)
		fleet[i].Start()
	}
	for _, instance := range fleet {
		instance.AwaitReady()
	}

	load := startLoad(fleet, subjects)
	for range kills {
		load.awaitAdmitted(perKill)
		victim := fleet[rand.IntN(len(fleet))]
		victim.Kill()
		victim.Start()
		victim.AwaitReady()
	}
	load.awaitAdmitted(perKill)
	load.stop()
	for _, instance := range fleet {
		if code := instance.Stop(); code != 0 {
			t.Errorf("SIGTERM: exit code %d", code)
		}
	}
	judge(t, db, upstream, subjects)
}

// judge compares what clients and the upstream saw with what the database holds.
func judge(t *testing.T, db string, upstream *harness.Upstream, subjects []*subject) {
	unknown := 0
	for _, s := range subjects {
		admitted, recorded, seen := s.tally[harness.Admitted], harness.Used(t, db, s.ID), upstream.Seen(s.ID)
		unknown += s.tally[harness.Unknown]
		t.Logf("limit %d: %d admitted, %d denied, %d unknown, %d unsent; %d seen by the upstream, %d recorded",
			s.limit, admitted, s.tally[harness.Denied], s.tally[harness.Unknown], s.tally[harness.Unsent], seen, recorded)
		if hours := harness.UsedInHours(t, db, s.ID); hours != recorded {
			t.Errorf("key %s: its days have %d requests and its hours %d", s.ID, recorded, hours)
		}
		if seen > recorded {
			t.Errorf("key %s: the upstream saw %d requests and %d were recorded", s.ID, seen, recorded)
		}
		if admitted > recorded || recorded > admitted+s.tally[harness.Unknown] {
			t.Errorf("key %s: %d admitted, %d unknown, but %d recorded", s.ID, admitted, s.tally[harness.Unknown], recorded)
		}
		if s.limit > 0 && recorded != s.limit {
			t.Errorf("key %s: %d recorded, want exactly the limit of %d", s.ID, recorded, s.limit)
		}
		if told, want := harness.Thresholds(t, db, s.ID), []int{80, 100}; s.limit > 0 && !slices.Equal(told, want) || s.limit == 0 && len(told) > 0 {
			t.Errorf("key %s with limit %d: thresholds %v were told, want each once, if there is a limit", s.ID, s.limit, told)
		}
	}
	if unknown == 0 {
		t.Error("no kill hit a request under way: this run proves nothing")
	}
}

func newSubject(t *testing.T, db string, limit int, more ...string) *subject {
	t.Helper()
	return &subject{Key: harness.CreateKey(t, db, more...), limit: limit}
}

// load is clients that call until it is stopped.
type load struct {
	cancel   context.CancelFunc
	running  sync.WaitGroup
	admitted atomic.Int64
	grown    chan struct{} // has a token when admitted has grown
}

func startLoad(fleet []*harness.Instance, subjects []*subject) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{cancel: cancel, grown: make(chan struct{}, 1)}
	client := harness.NewClient()
	for range clients {
		l.running.Go(func() {
			for ctx.Err() == nil {
				instance, s := fleet[rand.IntN(len(fleet))], subjects[rand.IntN(len(subjects))]
				// A request that was begun is finished, so that its outcome is known.
				outcome := client.Call(context.WithoutCancel(ctx), instance.ProxyURL, s.Secret)
				s.mu.Lock()
				s.tally[outcome]++
				s.mu.Unlock()
				if outcome == harness.Admitted {
					l.admitted.Add(1)
					select {
					case l.grown <- struct{}{}:
					default:
					}
				}
			}
		})
	}
	return l
}

// awaitAdmitted waits until so many more requests were admitted.
func (l *load) awaitAdmitted(more int64) {
	for target := l.admitted.Load() + more; l.admitted.Load() < target; {
		<-l.grown
	}
}

func (l *load) stop() {
	l.cancel()
	l.running.Wait()
}
