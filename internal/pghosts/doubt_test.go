package pghosts_test

import (
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/pghosts"
)

// connected connects to the server that is chosen.
func connected(t *testing.T, hosts *pghosts.Hosts, config *pgconn.Config) *pgconn.PgConn {
	t.Helper()
	if err := hosts.Choose(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// A connection that was made before a server fell silent, or before another one was
// chosen, may lead to the silent one; one made since does not.
func TestConnectionsAreStaleOnceAServerWasSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": primary, "10.0.0.2:5432": primary}}
		hosts := &pghosts.Hosts{Primary: true}
		wantStale := func(when string, conn *pgconn.PgConn, want bool) {
			t.Helper()
			if got := hosts.Stale(conn); got != want {
				t.Errorf("%s: stale is %t", when, got)
			}
		}
		first := connected(t, hosts, n.config(t, url3))
		wantStale("at first", first, false)
		hosts.Doubt()
		second := connected(t, hosts, n.config(t, url3))
		wantStale("after a silence", first, true)
		wantStale("made since", second, false)
		n.servers = map[string]behaviour{"10.0.0.2:5432": primary}
		third := connected(t, hosts, n.config(t, url3))
		wantStale("after another was chosen", second, true)
		wantStale("of that one", third, false)
	})
}

// There is nothing better than the only server, however slow it is.
func TestConnectionsToTheOnlyServerAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": primary}}
		hosts := &pghosts.Hosts{Primary: true}
		conn := connected(t, hosts, n.config(t, "postgres://u@10.0.0.1/d?sslmode=disable"))
		hosts.Doubt()
		if hosts.Stale(conn) {
			t.Error("the connection is stale")
		}
	})
}
