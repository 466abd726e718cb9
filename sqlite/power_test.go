//go:build unix

package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration/internal/testdisk"
	"github.com/ration-dev/ration/sqlite"
)

const (
	livesPerFile = 5  // power cuts that one file outlives
	logPages     = 12 // of the log before a checkpoint, which is thus under way at many cuts
	lifeChanges  = 220
	birthChanges = 60 // to create a database takes most of them
)

// opener opens a store; some tests open one that flushes less than ours.
type opener func(context.Context, sqlite.Config) (*sqlite.Store, error)

func openShortLog(ctx context.Context, config sqlite.Config) (*sqlite.Store, error) {
	return sqlite.OpenShortLog(ctx, config, logPages)
}

// cutPlaces counts where the power was cut.
type cutPlaces struct {
	mu   sync.Mutex
	seen map[string]int
}

// missing returns a place of those that matter where no cut has been, or "".
func (c *cutPlaces) missing() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, place := range []string{
		"opening", "write ration.db-wal", "sync ration.db-wal", "write ration.db", // the last is a checkpoint's
	} {
		if c.seen[place] == 0 {
			return place
		}
	}
	return ""
}

func (c *cutPlaces) note(place string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = make(map[string]int)
	}
	c.seen[place]++
}

// TestPowerCuts cuts the power while databases are created, opened, charged,
// administered, checkpointed and closed, and wants what a disk may have left to
// hold all that was acknowledged. It goes on until cuts have been wherever it matters.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	var places cutPlaces
	cut := func(t *testing.T, seed uint64) {
		for _, fault := range outlive(t, seed, openShortLog, &places) {
			t.Error(fault)
		}
	}
	const files = powerCuts / livesPerFile
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(files) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				cut(t, seed)
			})
		}
	})
	for seed := uint64(files); seed < files+20 && places.missing() != ""; seed++ {
		cut(t, seed)
	}
	t.Logf("cuts: %v", places.seen)
	if place := places.missing(); place != "" {
		t.Errorf("no cut hit %q: this run proves less than it should", place)
	}
}

// TestPowerCutsTellWhoFlushesLess runs the same with a store that does not wait
// for the disk. It must be found out, or TestPowerCuts proves nothing.
func TestPowerCutsTellWhoFlushesLess(t *testing.T) {
	t.Parallel()
	for name, synchronous := range map[string]int{"OFF": 0, "NORMAL": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lost, other []string
			for seed := uint64(0); seed < 20 && len(lost) < lossesToFind; seed++ {
				for _, fault := range outlive(t, seed, func(ctx context.Context, config sqlite.Config) (*sqlite.Store, error) {
					return sqlite.FlushLess(ctx, config, logPages, synchronous)
				}, new(cutPlaces)) {
					if strings.Contains(fault, "lost: ") {
						lost = append(lost, fault)
					} else {
						other = append(other, fault)
					}
				}
			}
			if len(lost) < lossesToFind {
				t.Errorf("a store with synchronous=%s lost nothing: %q", name, lost)
			}
			if name == "NORMAL" && len(other) > 0 { // it may lose what is new, and nothing else
				t.Errorf("it also did: %q", other)
			}
			t.Logf("found: %q and %q", lost, other)
		})
	}
}

// outlive runs a store on a file, cuts the power, runs the next one on what is
// left, and so on. It returns what was wrong.
func outlive(t *testing.T, seed uint64, open opener, places *cutPlaces) (faults []string) {
	random := rand.New(rand.NewPCG(seed, 14))
	dir := t.TempDir()
	told := new(answers)
	for life := range livesPerFile {
		left := t.TempDir()
		changes := lifeChanges
		if life == 0 {
			changes = birthChanges
		}
		cutAt := 1 + random.IntN(changes)
		live(t, dir, left, cutAt, told, random, open, places)
		for _, fault := range reopen(t, left, told) {
			faults = append(faults, fmt.Sprintf("seed %d, cut %d, at change %d: %s", seed, life+1, cutAt, fault))
		}
		dir = left
	}
	return faults
}

// live runs a store until its disk has no power, and leaves in a directory what
// the disk then holds.
func live(t *testing.T, dir, left string, cutAt int, told *answers, random *rand.Rand, open opener, places *cutPlaces) {
	place := "afterwards"
	disk := testdisk.New(t, dir, func(call testdisk.Call) int {
		if call.Kind >= testdisk.Write && call.Changes == cutAt {
			place = fmt.Sprint(call.Kind, " ", call.File)
			return testdisk.PowerCut
		}
		return 0
	})
	store, err := open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "ration.db"), Fatal: func(error) {}})
	if err != nil {
		places.note("opening")
	} else {
		work(t.Context(), store, told, random)
		_ = store.Close()
	}
	disk.CutPower()
	places.note(place)
	if err := disk.Restore(random, left); err != nil {
		t.Fatal(err)
	}
}

// work charges and administers at once, each until the first error.
func work(ctx context.Context, store *sqlite.Store, told *answers, random *rand.Rand) {
	if told.createPlan(ctx, store) != nil || told.createKey(ctx, store) != nil {
		return
	}
	charging, administering := split(random), split(random)
	var working sync.WaitGroup
	working.Go(func() {
		for range 30 {
			if told.charge(ctx, store, charging) != nil {
				return
			}
		}
	})
	working.Go(func() {
		for range 8 {
			if administer(ctx, store, told, administering) != nil {
				return
			}
		}
	})
	working.Wait()
}

func administer(ctx context.Context, store *sqlite.Store, told *answers, random *rand.Rand) error {
	if random.IntN(4) > 0 {
		return told.createKey(ctx, store)
	}
	return told.revoke(ctx, store, told.pick(random))
}

// split returns a source of random numbers for a goroutine of its own.
func split(random *rand.Rand) *rand.Rand {
	return rand.New(rand.NewPCG(random.Uint64(), random.Uint64()))
}

// reopen opens what a power cut has left, judges it and closes it.
func reopen(t *testing.T, dir string, told *answers) []string {
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "ration.db")})
	if err != nil {
		return []string{fmt.Sprintf("does not open: %v", err)}
	}
	faults := told.judge(t.Context(), store)
	if err := store.Close(); err != nil {
		faults = append(faults, err.Error())
	}
	return faults
}
