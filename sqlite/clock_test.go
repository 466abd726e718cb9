package sqlite_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/sqlite"
)

// stepClock is a clock that a test sets, and the time that passes meanwhile.
type stepClock struct {
	*fakeClock
	passed atomic.Int64
}

func newStepClock(now time.Time) *stepClock { return &stepClock{fakeClock: newFakeClock(now)} }

func (c *stepClock) elapsed() time.Duration { return time.Duration(c.passed.Load()) }

// pass lets time pass; step moves the clock beside it.
func (c *stepClock) pass(d time.Duration) {
	c.passed.Add(int64(d))
	c.step(d)
}

func (c *stepClock) step(d time.Duration) { c.micros.Add(d.Microseconds()) }

// openStepping opens a store with a key that has a quota of 9 per hour, one of
// which it has used.
func openStepping(t *testing.T) (*sqlite.Store, *stepClock, ration.KeyID) {
	t.Helper()
	clock := newStepClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, Elapsed: clock.elapsed})
	createPlan(t, store, "plan", "9/hour")
	key := createKey(t, store, "plan")
	wantCharge(t, store, key, ration.CodeOK)
	return store, clock, key
}

func wantCharge(t *testing.T, store *sqlite.Store, key ration.KeyID, want ration.Code) {
	t.Helper()
	if got := charge(t, store, key)[0]; got != want {
		t.Errorf("code %s, want %s", got, want)
	}
}

func TestStepOfTheClock(t *testing.T) {
	for _, row := range []struct {
		name   string
		step   time.Duration
		passed time.Duration // since the step was noticed
		want   ration.Code   // of a charge that begins an hour
	}{
		{"ahead by more than ten minutes", time.Hour, time.Minute, ration.CodeClockSuspect},
		{"back by a day", -24 * time.Hour, time.Minute, ration.CodeOK}, // its hour is one that has not ended
		{"ahead by ten years", 10 * 365 * 24 * time.Hour, time.Minute, ration.CodeClockSuspect},
		{"until it has stood for three minutes", time.Hour, 3*time.Minute - time.Microsecond, ration.CodeClockSuspect},
		{"then it is believed", time.Hour, 3 * time.Minute, ration.CodeOK},
		{"ten years are believed as well", 10 * 365 * 24 * time.Hour, 3 * time.Minute, ration.CodeOK},
	} {
		t.Run(row.name, func(t *testing.T) {
			store, clock, key := openStepping(t)
			clock.step(row.step)
			if err := store.Ready(t.Context()); !errors.Is(err, ration.ErrClockSuspect) {
				t.Errorf("ready: %v, want %v", err, ration.ErrClockSuspect)
			}
			clock.pass(row.passed)
			wantCharge(t, store, key, row.want)
		})
	}
}

func TestSmallStepsAreNoneOfOurBusiness(t *testing.T) {
	store, clock, key := openStepping(t)
	clock.pass(55 * time.Minute)
	clock.step(9 * time.Minute)
	wantCharge(t, store, key, ration.CodeOK)
	if err := store.Ready(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
}

// TestSuspectClockStopsNoRunningPeriod: only what would begin a period waits.
func TestSuspectClockStopsNoRunningPeriod(t *testing.T) {
	store, clock, key := openStepping(t)
	clock.step(30 * time.Minute) // the same hour
	wantCharge(t, store, key, ration.CodeOK)
	clock.step(30 * time.Minute)
	wantCharge(t, store, key, ration.CodeClockSuspect)
}

func TestStepThatIsUndoneHasNoConsequence(t *testing.T) {
	store, clock, key := openStepping(t)
	clock.step(25 * time.Hour)
	wantCharge(t, store, key, ration.CodeClockSuspect)
	clock.pass(2 * time.Minute)
	clock.step(-25 * time.Hour)
	clock.pass(time.Hour)
	wantCharge(t, store, key, ration.CodeOK)
	usage, _, err := store.KeyUsage(t.Context(), key)
	if want := ration.HourID(noon) + 1; err != nil || usage[0].Windows[0].ID != want {
		t.Errorf("usage %+v, %v; want the hour %d", usage, err, want)
	}
}

// TestRepairedClockLocksOutForMinutes: what was believed was wrong, and becomes
// right. The next step begins the wait anew.
func TestRepairedClockLocksOutForMinutes(t *testing.T) {
	store, clock, key := openStepping(t)
	clock.step(-24 * time.Hour)
	for range 2 {
		_ = store.Ready(t.Context())
		clock.pass(3 * time.Minute)
	}
	clock.step(26 * time.Hour)
	wantCharge(t, store, key, ration.CodeClockSuspect)
	clock.pass(2 * time.Minute)
	clock.step(time.Hour)
	wantCharge(t, store, key, ration.CodeClockSuspect)
	clock.pass(2 * time.Minute)
	wantCharge(t, store, key, ration.CodeClockSuspect)
	clock.pass(time.Minute)
	wantCharge(t, store, key, ration.CodeOK)
}

// TestStepIsNoticedWhileNobodyCharges lets a step stand on an idle server.
func TestStepIsNoticedWhileNobodyCharges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var step atomic.Int64
		began := time.Now()
		wall := func() time.Time { return time.Now().Add(time.Duration(step.Load())) }
		end := make(chan struct{})
		read := sqlite.WatchClock(wall, func() time.Duration { return time.Since(began) }, end)
		defer close(end)
		step.Store(int64(25 * time.Hour))
		time.Sleep(time.Minute)
		if !read().Suspect {
			t.Error("believed a minute after a step")
		}
		step.Store(0)
		time.Sleep(time.Hour)
		step.Store(int64(-time.Hour))
		time.Sleep(4 * time.Minute)
		if clock := read(); clock.Suspect {
			t.Error("the first charge after an idle time has to wait for a step long ago")
		}
	})
}

// TestElapsedIsMonotonic holds the system's elapsed time against the clock that
// Go's own timers use. A machine that sleeps in between makes it longer.
func TestElapsedIsMonotonic(t *testing.T) {
	first, began := sqlite.Elapsed(), time.Now()
	last := first
	for time.Since(began) < 20*time.Millisecond {
		now := sqlite.Elapsed()
		if now < last {
			t.Fatalf("went back from %s to %s", last, now)
		}
		last = now
	}
	// Asked again: the loop may have been held up right after it asked.
	if passed := sqlite.Elapsed() - first; passed < 10*time.Millisecond {
		t.Errorf("%s have passed, want at least the 20 ms of Go's timers, or nearly", passed)
	}
}
