package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// wantFinding wants a check to have found a state, with a text in what it says.
func wantFinding(t *testing.T, store *postgres.Store, check string, state admin.FindingState, text string) {
	t.Helper()
	findings, err := store.Examine(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Check != check {
			continue
		}
		if finding.State != state || !strings.Contains(finding.Detail, text) || (finding.Advice == "") != (state == admin.FindingOK) {
			t.Errorf("%+v, want %s with %q", finding, state, text)
		}
		return
	}
	t.Errorf("%+v has no %s", findings, check)
}

func TestExamineComparesClocks(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	wantFinding(t, store, "clock", admin.FindingOK, "2026-07-15T12:00:00Z, this machine's is the same")
	clock.setInstance(noon.Add(90 * time.Second))
	wantFinding(t, store, "clock", admin.FindingOK, "1m30s ahead")
	clock.setInstance(noon.Add(-time.Hour))
	wantFinding(t, store, "clock", admin.FindingProblem, "1h0m0s behind")
}

func TestExamineShowsWhatWeakensDurability(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	wantFinding(t, d.open(t, postgres.Config{}), "durability", admin.FindingOK, "flushed")
	accepting := postgres.Config{AcceptUnsafeDurability: true}
	wantFinding(t, d.open(t, accepting), "durability", admin.FindingWarning, "weakened by accept_unsafe_durability, although")

	cluster := testdb.StartCluster(t, map[string]string{"fsync": "off"})
	accepting.URL = cluster.Database(t)
	if _, _, err := postgres.Migrate(t.Context(), accepting); err != nil {
		t.Fatal(err)
	}
	weak := &database{url: accepting.URL}
	wantFinding(t, weak.open(t, accepting), "durability", admin.FindingWarning, "fsync is off")
}
