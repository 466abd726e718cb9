package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// pair is a primary and a standby that has all that it commits, and a way that
// leads to one of them, as a name or a balancer does.
type pair struct {
	primary, standby *testdb.Cluster
	way              *testdb.Wire
}

func newPair(t *testing.T) pair {
	t.Helper()
	primary := testdb.StartCluster(t, nil)
	d := migrated(t, primary.DSN())
	p := pair{primary, primary.StartStandby(t, "b", map[string]string{"synchronous_standby_names": ""}), testdb.NewWire(t, primary.DSN())}
	d.exec(t, "ALTER SYSTEM SET synchronous_standby_names = 'b'")
	d.exec(t, "SELECT pg_reload_conf()")
	d.await(t, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = 'b' AND sync_state = 'sync')")
	return p
}

// promote makes the standby primary, and the old one what it is when it comes back
// unfenced: a primary that waits for nobody.
func (p pair) promote(t *testing.T) {
	t.Helper()
	if err := p.standby.Promote(); err != nil {
		t.Fatal(err)
	}
	old := &database{url: p.primary.DSN(), conn: connect(t, p.primary.DSN())}
	old.exec(t, "ALTER SYSTEM RESET synchronous_standby_names")
	old.exec(t, "SELECT pg_reload_conf()")
}

func (p pair) lead(to *testdb.Cluster) {
	p.way.Lead(to.DSN())
	p.way.BreakAll()
}

// usedAt asks one of the servers how many requests of a key it has recorded.
func usedAt(t *testing.T, server *testdb.Cluster, id ration.KeyID) int64 {
	t.Helper()
	return (&database{url: server.DSN(), conn: connect(t, server.DSN())}).used(t, id)
}

// wantForeign calls what must be refused because of the server that it reaches.
func wantForeign(t *testing.T, call, text string, do func() error) {
	t.Helper()
	err := awaitError(t, do, ration.ErrStoreUnavailable)
	for range 200 { // a connection that broke says less
		if err != nil && strings.Contains(err.Error(), text) {
			return
		}
		err = do()
	}
	t.Errorf("%s = %v, want ErrStoreUnavailable that says %q", call, err, text)
}

// TestOldPrimaryThatComesBackIsRefused promotes the standby while the primary is
// down, and leads to the old one again once it is back.
func TestOldPrimaryThatComesBackIsRefused(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	stores := map[string]*postgres.Store{
		"directly":         (&database{url: p.way.DSN()}).open(t, postgres.Config{}),
		"through a pooler": (&database{url: testdb.PgBouncer(t, p.way.DSN(), map[string]string{"server_login_retry": "1"})}).open(t, postgres.Config{}),
	}
	id := createKey(t, stores["directly"], "")
	each := func(then func(call string, do func() error)) {
		for through, store := range stores {
			for call, do := range waysIn(t, store, id) {
				then(call+" "+through, do)
			}
		}
	}
	each(func(call string, do func() error) {
		if err := do(); err != nil {
			t.Errorf("%s = %v", call, err)
		}
	})
	if err := p.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.primary.Start(); err != nil { // its standby follows again, or has everything
		t.Fatal(err)
	}
	p.promote(t)
	p.lead(p.standby)
	each(func(_ string, do func() error) { _ = awaitError(t, do, nil) })
	charged, old := usedAt(t, p.standby, id), usedAt(t, p.primary, id)

	p.lead(p.primary)
	each(func(call string, do func() error) {
		wantForeign(t, call, "on timeline 1, while timeline 2 was seen before", do)
	})
	for range 20 {
		each(func(call string, do func() error) {
			if err := do(); !errors.Is(err, ration.ErrStoreUnavailable) {
				t.Errorf("%s = %v, want ErrStoreUnavailable", call, err)
			}
		})
	}
	if got := usedAt(t, p.primary, id); got != old {
		t.Errorf("the old primary has charged %d", got-old)
	}
	p.lead(p.standby)
	each(func(_ string, do func() error) { _ = awaitError(t, do, nil) })
	if got := usedAt(t, p.standby, id); got < charged+2 {
		t.Errorf("%d are recorded, want at least %d", got, charged+2)
	}
	wantFinding(t, stores["directly"], "timeline", admin.FindingOK, "timeline 2")
}

// A connection to a primary that never went down outlives the promotion of
// another: what another connection has seen ends it before it decides.
func TestConnectionsToAPrimaryThatWasLeftDecideNothingMore(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	store := (&database{url: p.way.DSN()}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	charge(t, store, id)
	p.promote(t)
	p.way.Lead(p.standby.DSN())
	// The first connection for digests is a new one.
	if _, err := store.ResolveDigests(t.Context(), []ration.Digest{{1}}); err != nil {
		t.Fatal(err)
	}
	charge(t, store, id)
	if _, err := store.CreateKey(t.Context(), newKey("")); err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Error(err)
	}
	if old, promoted := usedAt(t, p.primary, id), usedAt(t, p.standby, id); old != 1 || promoted != 2 {
		t.Errorf("%d and %d are recorded, want 1 at the old primary and 2 at the promoted one", old, promoted)
	}
	if got := ask[int](t, &database{conn: connect(t, p.primary.DSN())}, "SELECT count(*) FROM api_keys"); got != 1 {
		t.Errorf("the old primary has %d keys, want 1", got)
	}
}

// An old primary that is one of the URL's hosts is passed by.
func TestOldPrimaryAmongSeveralHostsIsPassedBy(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	old, promoted := testdb.NewWire(t, p.primary.DSN()), testdb.NewWire(t, p.standby.DSN())
	store := (&database{url: over(old, promoted)}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	charge(t, store, id)
	old.Refuse()
	old.BreakAll()
	p.promote(t)
	ask1 := func() error { _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); return err }
	_ = awaitError(t, ask1, nil)
	before := usedAt(t, p.primary, id)

	old.Heal()
	promoted.Refuse()
	promoted.BreakAll()
	wantForeign(t, "Charge", "timeline 1", ask1)
	promoted.Heal()
	_ = awaitError(t, ask1, nil)
	if got := usedAt(t, p.primary, id); got != before {
		t.Errorf("the old primary has charged %d", got-before)
	}
}

// Another cluster has counts of its own, however much its schema looks like ours.
func TestAnotherClusterIsRefused(t *testing.T) {
	t.Parallel()
	d, other := newDatabase(t), testdb.StartUnrelatedCluster(t, nil)
	parsed, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	// Another database of the same name, that lets the same user in.
	password, _ := parsed.User.Password()
	there := connect(t, other.DSN())
	for _, sql := range []string{
		fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", parsed.User.Username(), password),
		"CREATE DATABASE " + strings.TrimPrefix(parsed.Path, "/"),
	} {
		if _, err := there.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	way := testdb.NewWire(t, d.url)
	store := (&database{url: way.DSN()}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	way.Lead(other.DSN())
	way.BreakAll()
	for call, do := range waysIn(t, store, id) {
		wantForeign(t, call, "another cluster", do)
	}
	way.Lead(d.url)
	_ = awaitError(t, func() error { return store.Ready(t.Context()) }, nil)
}

// Rights to functions are every database's own. Without them all goes on, but for
// the comparison, and doctor says so.
func TestTimelineThatIsWithheldIsSaid(t *testing.T) {
	t.Parallel()
	d := migrated(t, testdb.StartCluster(t, nil).DSN())
	d.exec(t, "CREATE ROLE plain LOGIN PASSWORD 'plain'")
	d.exec(t, "GRANT ALL ON ALL TABLES IN SCHEMA public TO plain")
	d.exec(t, "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain")
	plain := &database{url: as(t, d.url, "plain", "plain"), conn: d.conn}
	stores := map[string]*postgres.Store{"directly": plain.open(t, postgres.Config{}), "through a pooler": plain.pooled(t, nil).open(t, postgres.Config{})}
	id := createKey(t, stores["directly"], "")
	all := func(stores map[string]*postgres.Store) {
		for through, store := range stores {
			for call, do := range waysIn(t, store, id) {
				if err := do(); err != nil {
					t.Errorf("%s %s = %v", call, through, err)
				}
			}
		}
	}
	for _, function := range []string{"pg_control_system()", "pg_walfile_name(pg_lsn)"} {
		all(stores)
		wantFinding(t, stores["directly"], "timeline", admin.FindingOK, "timeline 1")
		d.exec(t, "REVOKE EXECUTE ON FUNCTION "+function+" FROM PUBLIC")
		all(stores) // on the connections that there are
		later := map[string]*postgres.Store{"directly": plain.open(t, postgres.Config{}), "through a pooler": plain.pooled(t, nil).open(t, postgres.Config{})}
		all(later)
		for _, store := range []*postgres.Store{stores["directly"], later["through a pooler"]} {
			wantFinding(t, store, "timeline", admin.FindingWarning, "permission denied")
		}
		d.exec(t, "GRANT EXECUTE ON FUNCTION "+function+" TO plain")
		d.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'plain'")
		for _, store := range stores {
			_ = awaitError(t, func() error { return store.Ready(context.Background()) }, nil)
		}
	}
}
