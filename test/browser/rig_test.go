package browser_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // for what no command does

	"github.com/ration-dev/ration/test/harness"
)

// rig is a server with all its pages, in front of an upstream.
type rig struct {
	*harness.Instance
	t        *testing.T
	upstream *harness.Upstream
	file     string // of the database
	db       string // the same as the commands name it
	adminURL string
}

// newRig starts a server on an empty SQLite database.
func newRig(t *testing.T, more ...string) *rig {
	t.Helper()
	r := &rig{t: t, upstream: harness.NewUpstream(t), file: filepath.Join(t.TempDir(), "ration.db")}
	r.db = "sqlite:" + r.file
	admin := harness.FreeAddr(t)
	r.adminURL = "http://" + admin
	r.Instance = harness.NewInstance(t, r.db, r.upstream.URL,
		append([]string{"--admin-listen", admin, "--portal-path", portalPath, "--portal-rotation=on", "--key-requests=on"}, more...)...)
	r.Start()
	r.AwaitReady()
	return r
}

// portalPath is where the pages for holders of keys are, on the proxy.
const portalPath = "/portal"

// cli runs a command on the server's database.
func (r *rig) cli(args ...string) string {
	r.t.Helper()
	return harness.CLI(r.t, r.db, args...)
}

// newToken makes a service token with a scope.
func (r *rig) newToken(name, scope string) (secret string) {
	r.t.Helper()
	var made struct{ Secret string }
	out := r.cli("tokens", "create", name, "--scope", scope, "-o", "json")
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Secret == "" {
		r.t.Fatalf("creating a token printed %q: %v", out, err)
	}
	return made.Secret
}

// call sends a request through the proxy.
func (r *rig) call(secret string) harness.Outcome {
	r.t.Helper()
	return harness.NewClient().Call(r.t.Context(), r.ProxyURL+"/", secret)
}

// age makes all secrets of keys a minute older, since holders replace none that is younger.
func (r *rig) age() {
	r.t.Helper()
	r.execute("UPDATE api_key_secrets SET created_at = created_at - 60000000")
}

// giveUp makes the deliveries of the first events dead, which takes days otherwise.
func (r *rig) giveUp() {
	r.t.Helper()
	r.cli("events", "list") // has what has happened delivered
	r.execute("UPDATE deliveries SET state = 'dead', attempts = 17, status = 500, problem = '<script>document.title=\"run\"</script>', next_at = NULL, ended_at = waits_since WHERE position < 5")
}

// execute changes the database in a way that no command does.
func (r *rig) execute(statement string) {
	r.t.Helper()
	database, err := sql.Open("sqlite", r.file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		r.t.Fatal(err)
	}
	defer database.Close()
	if _, err := database.ExecContext(r.t.Context(), statement); err != nil {
		r.t.Fatal(err)
	}
}
