package testdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// poolerScript starts a pooler and ends it, and its directory, when its standard
// input ends: with the test, or with this process however that ends.
const poolerScript = `
trap '' INT TERM HUP QUIT
"$1" --quiet "$2/pgbouncer.ini" >"$2/output" 2>&1 &
cat >/dev/null
kill -KILL $! 2>/dev/null
wait
cd / && rm -rf "$2"
`

// poolerTimeout bounds the start of a pooler.
const poolerTimeout = 20 * time.Second

// poolerDefaults make clients share few sessions, and leave PgBouncer's own
// defaults in place where they matter: what resets a session, and what a client
// may set when it connects.
var poolerDefaults = map[string]string{
	"listen_addr":       "127.0.0.1",
	"auth_type":         "scram-sha-256",
	"pool_mode":         "transaction",
	"default_pool_size": "4",
	"max_client_conn":   "200",
}

// PgBouncer starts a pooler in transaction mode before the server of a DSN and
// returns the DSN that leads through it, to the same database as the same user.
// Its clients share four sessions. The settings come on top and win. It ends
// with the test.
func PgBouncer(tb testing.TB, dsn string, settings map[string]string) string {
	tb.Helper()
	var failed error
	for range portAttempts {
		pooled, err := startPgBouncer(tb, dsn, settings)
		if err == nil {
			return pooled
		}
		failed = err
	}
	tb.Fatal(failed)
	return ""
}

func startPgBouncer(tb testing.TB, dsn string, settings map[string]string) (string, error) {
	program, err := findPgBouncer()
	if err != nil {
		return "", err
	}
	parsed, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("reading the DSN for a pooler: it is not a URL")
	}
	port, err := FreePort(tb.Context())
	if err != nil {
		return "", err
	}
	dir, err := poolerDir(parsed, port, settings)
	if err != nil {
		return "", err
	}
	stop, err := watchPooler(tb, program, dir)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	parsed.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if err := awaitPooler(tb.Context(), parsed.String()); err != nil {
		output, _ := os.ReadFile(filepath.Join(dir, "output"))
		return "", errors.Join(fmt.Errorf("starting PgBouncer: %w; it said: %s", err, output), stop())
	}
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Error(err)
		}
	})
	return parsed.String(), nil
}

// findPgBouncer looks in PATH and where Debian puts it.
func findPgBouncer() (string, error) {
	if path, err := exec.LookPath("pgbouncer"); err == nil {
		return path, nil
	}
	if path, err := exec.LookPath("/usr/sbin/pgbouncer"); err == nil {
		return path, nil
	}
	return "", errors.New("PgBouncer is not installed; run: sudo apt-get install --yes pgbouncer (or brew install pgbouncer)")
}

// poolerDir makes the directory with a pooler's files.
func poolerDir(server *url.URL, port int, settings map[string]string) (string, error) {
	account, err := serverAccount()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "ration-pgbouncer-")
	if err != nil {
		return "", fmt.Errorf("creating a directory for a pooler: %w", err)
	}
	password, _ := server.User.Password()
	merged := maps.Clone(poolerDefaults)
	merged["listen_port"] = strconv.Itoa(port)
	merged["unix_socket_dir"] = dir
	merged["auth_file"] = filepath.Join(dir, "users")
	maps.Copy(merged, settings)
	var text strings.Builder
	fmt.Fprintf(&text, "[databases]\n* = host=%s port=%s\n[pgbouncer]\n", server.Hostname(), server.Port())
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		fmt.Fprintf(&text, "%s = %s\n", name, merged[name])
	}
	quote := strings.NewReplacer(`"`, `""`)
	for name, content := range map[string]string{
		"pgbouncer.ini": text.String(),
		"users":         fmt.Sprintf("\"%s\" \"%s\"\n", quote.Replace(server.User.Username()), quote.Replace(password)),
	} {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.WriteFile(path, []byte(content), 0o600), account.own(path))
	}
	if err := errors.Join(err, account.own(dir)); err != nil {
		return "", errors.Join(fmt.Errorf("writing a pooler's settings: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

// watchPooler starts the pooler. Stop ends it.
func watchPooler(tb testing.TB, program, dir string) (stop func() error, err error) {
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), "sh", "-c", poolerScript, "watchdog", program, dir)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	account.apply(cmd)
	var leash io.WriteCloser
	if leash, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("opening the pipe to a pooler's watchdog: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a pooler's watchdog: %w", err)
	}
	return func() error { return errors.Join(leash.Close(), cmd.Wait()) }, nil
}

// awaitPooler returns when a client gets through.
func awaitPooler(ctx context.Context, dsn string) error {
	ctx, cancel := context.WithTimeout(ctx, poolerTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
