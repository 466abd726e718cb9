package testdb_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/testdb"
)

func TestClusterKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	restart := func(mode testdb.StopMode) func(*testdb.Cluster) error {
		return func(c *testdb.Cluster) error { return c.Restart(mode) }
	}
	cluster := testdb.StartCluster(t, nil)
	dsn := cluster.Database(t)
	conn := connect(t, dsn)
	run(t, conn, "create table visits (n int); insert into visits values (1)")
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		down func(*testdb.Cluster) error
	}{
		{"smart", restart(testdb.StopSmart)},
		{"fast", restart(testdb.StopFast)},
		{"immediate", restart(testdb.StopImmediate)},
		{"stop and start", func(c *testdb.Cluster) error { return errors.Join(c.Stop(testdb.StopFast), c.Start()) }},
		{"kill and start", func(c *testdb.Cluster) error { return errors.Join(c.Kill(), c.Start()) }},
		{"kill the postmaster and start", func(c *testdb.Cluster) error { return errors.Join(c.KillPostmaster(), c.Start()) }},
		{"pause and resume", func(c *testdb.Cluster) error { return errors.Join(c.Pause(), c.Resume()) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := askOnce(t, dsn, "update visits set n = n + 1 returning n")
			if err := row.down(cluster); err != nil {
				t.Fatal(err)
			}
			if got := askOnce(t, dsn, "select n from visits"); got != before {
				t.Errorf("n = %d after the restart, want %d", got, before)
			}
		})
	}
}

// askOnce leaves no connection behind that a smart stop would wait for.
func askOnce(tb testing.TB, dsn, sql string) int {
	tb.Helper()
	conn := connect(tb, dsn)
	answer := ask[int](tb, conn, sql)
	if err := conn.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return answer
}

func TestClusterTakesSettings(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, map[string]string{
		"max_connections": "7", "fsync": "off", "cluster_name": "it's ours",
	})
	conn := connect(t, cluster.DSN())
	for setting, want := range map[string]string{
		"max_connections": "7", "fsync": "off", "cluster_name": "it's ours",
		"synchronous_commit": "on", "data_directory": cluster.DataDir(),
	} {
		if got := ask[string](t, conn, "show "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
}

func TestClusterRefusesASettingThatDoesNotExist(t *testing.T) {
	t.Parallel()
	_, err := testdb.NewCluster(t.Context(), map[string]string{"no_such_setting": "1"})
	if err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Errorf("got error %v, want the server's own message", err)
	}
}

func TestKilledClusterIsGoneForItsClients(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	conn := connect(t, cluster.DSN())
	if err := cluster.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "select 1"); err == nil {
		t.Error("a connection outlived the server")
	}
	if _, err := pgx.Connect(t.Context(), cluster.DSN()); err == nil {
		t.Error("a connection could be opened to a killed server")
	}
	if err := cluster.Kill(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("killing a dead server: got error %v, want %v", err, fs.ErrNotExist)
	}
}

func TestPausedClusterAnswersNobodyUntilItIsResumed(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	conn := connect(t, cluster.DSN())
	if err := cluster.Pause(); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "select 1")
		answer <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(ctx, cluster.DSN()); err == nil {
		t.Error("a connection could be opened to a paused server")
	}
	select {
	case err := <-answer:
		t.Errorf("a paused server answered: %v", err)
	default:
	}
	if err := cluster.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestPausedClusterCanBeClosed(t *testing.T) {
	t.Parallel()
	cluster, err := testdb.NewCluster(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Close(); err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(cluster.DSN())
	if err != nil {
		t.Fatal(err)
	}
	// The kernel would accept for a server that is still paused.
	if conn, err := net.Dial("tcp", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))); err == nil {
		_ = conn.Close()
		t.Error("the server is still there")
	}
}

func TestClosedClusterLeavesNothing(t *testing.T) {
	t.Parallel()
	cluster, err := testdb.NewCluster(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(cluster.DataDir())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking for the closed cluster's directory: got %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := pgx.Connect(t.Context(), cluster.DSN()); err == nil {
		t.Error("a closed cluster accepts connections")
	}
}

func TestClusterGoesWithAKilledTestBinary(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRerunStartsACluster$")
	cmd.Env = append(os.Environ(), rerunVariable+"=cluster")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, dataDir, _ := strings.Cut(strings.TrimSpace(line), ": ")
	if _, err := os.Stat(filepath.Join(dataDir, "postmaster.pid")); err != nil {
		t.Fatalf("the other process's cluster does not run: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitRemoved(t, filepath.Dir(dataDir))
}

func waitRemoved(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is still there", path)
		case <-tick.C:
		}
	}
}
