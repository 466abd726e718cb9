package sqlite_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestRepairKeepsReservations: reservations hold what they hold until they end, but
// nothing of a period that is moved, to which their end will not be posted.
func TestRepairKeepsReservations(t *testing.T) {
	clock := newFakeClock(noon.Add(10 * 365 * 24 * time.Hour))
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
	charge(t, store, createKey(t, store, ""))
	run(t, store, "UPDATE key_usage SET reserved = 1, hour_reserved = 2, day_reserved = 3, week_reserved = 4, month_reserved = 5")
	clock.set(noon)
	done, err := admin.New(store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
	if err != nil || done.Repaired != 1 {
		t.Fatalf("repaired %+v, %v", done, err)
	}
	got, err := store.Rows(t.Context(), `SELECT day_label || ' ' || used || ' ' || reserved || ' ' || hour_reserved || ' ' || day_reserved || ' ' || week_reserved || ' ' || month_reserved FROM key_usage`)
	if want := "2026-07-15 1 1 0 0 0 0"; err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// TestRepairedPeriodHoldsWhatIsStillReserved: what was reserved before the clock was
// ahead is settled to the period that the repair takes back, beside what is used there.
func TestRepairedPeriodHoldsWhatIsStillReserved(t *testing.T) {
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
	createPlan(t, store, "plan", "1000 tokens/day")
	key, id := createKey(t, store, "plan"), ration.NewReservationID()
	wantCode := func(want ration.Code, item testbatch.Item) {
		t.Helper()
		item.KeyID = key
		decisions, err := store.Charge(t.Context(), testbatch.Of(t, item))
		if err != nil || decisions[0].Code != want {
			t.Fatalf("decided %+v, %v, want %s", decisions, err, want)
		}
	}
	tokens := func(units int64) []ration.Amount { return []ration.Amount{{Meter: "tokens", Units: units}} }
	wantCode(ration.CodeOK, testbatch.Item{Charge: ration.Charge{Amounts: tokens(600), Hold: &ration.Hold{ID: id, TTL: 24 * time.Hour, AtExpiry: ration.AtExpiryKeep}}})
	clock.set(noon.Add(20 * time.Hour))
	wantCode(ration.CodeOK, testbatch.Item{Charge: ration.Charge{Amounts: tokens(1)}})
	clock.set(noon)
	done, err := admin.New(store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
	if err != nil || done.Repaired != 1 {
		t.Fatalf("repaired %+v, %v", done, err)
	}
	wantCode(ration.CodeQuotaExceeded, testbatch.Item{Charge: ration.Charge{Amounts: tokens(400)}})
	wantCode(ration.CodeOK, testbatch.Item{Charge: ration.Charge{Amounts: tokens(399)}})
	wantCode(ration.CodeOK, testbatch.Item{End: &ration.End{ID: id, Action: ration.EndSettle, Overage: ration.OverageRefuse}})
	got, err := store.Rows(t.Context(), `SELECT used || ' ' || reserved || ' ' || day_used || ' ' || day_reserved || ' ' || hour_reserved || ' ' || month_reserved FROM key_usage WHERE meter = 'tokens'`)
	if want := "1000 0 1000 0 0 0"; err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// TestRepairThatIsNotWrittenFails: rows that a trigger withholds would be
// repaired by halves.
func TestRepairThatIsNotWrittenFails(t *testing.T) {
	for _, withhold := range []string{"UPDATE ON key_usage", "INSERT ON usage_days", "DELETE ON usage_days"} {
		clock := newFakeClock(noon.Add(tenYears))
		store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
		charge(t, store, createKey(t, store, ""))
		clock.set(noon)
		run(t, store, "CREATE TRIGGER withhold BEFORE "+withhold+" BEGIN SELECT RAISE(IGNORE); END")
		done, err := admin.New(store, admin.Config{}).RepairUsage(t.Context(), "test", ration.KeyID{})
		got, rowsErr := store.Rows(t.Context(), "SELECT k.day_label || ' ' || d.date || ' ' || (SELECT count(*) FROM audit_log) FROM key_usage k, usage_days d")
		if want := "2036-07-14 2036-07-14 1"; done.Repaired != 0 || rowsErr != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: repaired %+v, %v; %q, %v, want %s", withhold, done, err, got, rowsErr, want)
		}
	}
}

// TestRepairAndExaminationAfterAStep: a clock that has just stepped is a problem,
// and repairs nothing.
func TestRepairAndExaminationAfterAStep(t *testing.T) {
	store, clock, _ := openStepping(t)
	clock.step(-tenYears)
	doctor := admin.New(store, admin.Config{})
	if done, err := doctor.RepairUsage(t.Context(), "test", ration.KeyID{}); !errors.Is(err, ration.ErrClockSuspect) || done.Repaired != 0 {
		t.Errorf("repaired %+v, %v, want %v", done, err, ration.ErrClockSuspect)
	}
	wantClock(t, store, admin.FindingProblem, "has just stepped by -87648h0m0s")
	clock.pass(3 * time.Minute)
	wantClock(t, store, admin.FindingOK, "2016-07-15T12:03:00Z")
}

const tenYears = 3652 * 24 * time.Hour

func wantClock(t *testing.T, store *sqlite.Store, state admin.FindingState, text string) {
	t.Helper()
	findings, err := store.Examine(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Check == "clock" && (finding.State != state || !strings.Contains(finding.Detail, text)) {
			t.Errorf("%+v, want %s with %q", finding, state, text)
		}
	}
}

// TestDeepExaminationFindsDamage blanks pages behind the back of a store that
// has them open.
func TestDeepExaminationFindsDamage(t *testing.T) {
	config, _ := usedFile(t)
	sound := readFile(t, config.Path)
	states := map[admin.FindingState]int{}
	for start := pageSize; start < len(sound); start += pageSize {
		store, err := openCopy(t, sound, nil)
		if err != nil {
			t.Fatal(err)
		}
		writePage(t, store.Path(), start, make([]byte, pageSize))
		findings, err := store.Examine(t.Context(), true)
		if err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
			t.Errorf("page %d: %v", start/pageSize+1, err)
		}
		for _, finding := range findings {
			if finding.Check == "integrity" {
				states[finding.State]++
			}
		}
		writePage(t, store.Path(), start, sound[start:start+pageSize])
		closeStore(t, store)
	}
	if states[admin.FindingProblem] == 0 || states[admin.FindingWarning] > 0 {
		t.Errorf("findings %v, want problems", states)
	}
}

func writePage(t *testing.T, path string, at int, content []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(content, int64(at)); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
