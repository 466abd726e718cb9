package postgres_test

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// wantFinding wants a check to have found a state, with a text in what it says, and
// returns what it found.
func wantFinding(t *testing.T, store *postgres.Store, check string, state admin.FindingState, text string) admin.Finding {
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
		return finding
	}
	t.Fatalf("%+v has no %s", findings, check)
	return admin.Finding{}
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
	seen := new(weaknessSeen)
	accepting.Observer = seen
	wantFinding(t, weak.open(t, accepting), "durability", admin.FindingWarning, "fsync is off")
	if diff := cmp.Diff([]string{"begins: unsafe_durability"}, seen.take()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// TestExamineCountsTheConnectionsThatAreLeft for a role that is no superuser, which
// no limit holds for.
func TestExamineCountsTheConnectionsThatAreLeft(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		limit string // on database or role, of which %s is the name
		lanes int
		says  string
		hint  string
	}{
		"many lanes": {"ALTER DATABASE %[1]s CONNECTION LIMIT -1", 1000, "; an instance opens up to 1005", "ALTER SYSTEM SET max_connections"},
		"a database": {"ALTER DATABASE %[1]s CONNECTION LIMIT 9", 5, " more are possible; an instance opens up to 10", "ALTER DATABASE"},
		"a role":     {"ALTER ROLE %[2]s CONNECTION LIMIT 8", 4, " more are possible; an instance opens up to 9", "ALTER ROLE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			limited, role := limitedRole(t, d)
			name := ask[string](t, d, "SELECT current_database()")
			wantFinding(t, limited.open(t, postgres.Config{}), "connections", admin.FindingOK, "; an instance opens up to 7")
			d.exec(t, fmt.Sprintf(row.limit, name, role))
			finding := wantFinding(t, limited.open(t, postgres.Config{Lanes: row.lanes}), "connections", admin.FindingWarning, row.says)
			if !strings.Contains(finding.Advice, row.hint) {
				t.Errorf("the advice is %q, want %q in it", finding.Advice, row.hint)
			}
		})
	}
}

// limitedRole makes a role that may use the tables, and owns nothing.
func limitedRole(t *testing.T, d *database) (as *database, role string) {
	t.Helper()
	location, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	role = "limited_" + strings.ToLower(rand.Text()[:10])
	d.exec(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'limited'", role))
	d.exec(t, "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role)
	t.Cleanup(func() { d.exec(t, fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", role)) })
	location.User = url.UserPassword(role, "limited")
	return &database{url: location.String(), conn: d.conn}, role
}

func TestExamineSeesWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	wantFinding(t, d.open(t, postgres.Config{}), "writable", admin.FindingOK, "may write")
	d.exec(t, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$")
	wantFinding(t, d.open(t, postgres.Config{}), "writable", admin.FindingProblem, "the database is read-only")

	cluster := testdb.StartCluster(t, nil)
	promoted := migrated(t, cluster.DSN())
	if err := cluster.Stop(testdb.StopFast); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cluster.DataDir(), "standby.signal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, promoted.open(t, postgres.Config{AcceptUnsafeDurability: true}), "writable", admin.FindingProblem, "it is a standby")
}
