package examples_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// TestGoMiddleware walks the example that asks no server but the database: what
// is down is the database, and the engine does the retrying.
func TestGoMiddleware(t *testing.T) {
	t.Parallel()
	dsn := testdb.Postgres(t)
	wire := testdb.NewWire(t, dsn)
	harness.CLI(t, dsn, "migrate")
	harness.CLI(t, dsn, "plans", "create", "free", "--limit", "5/day", "--time-zone", harness.NoonZone())
	key := harness.CreateKey(t, dsn, "--plan", "free", "--owner", "ada")
	a := startApp(t, "go-middleware", []string{buildExample(t, "go-middleware")}, "RATION_DB="+wire.DSN(), "PORT=0")

	a.wantGranted("/ask", key.Secret, 4)
	a.wantGranted("/text", key.Secret, 3)
	for _, secret := range []string{"", key.Secret + "x"} {
		if got := a.get("/ask", secret); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("with the key %q: got %d, WWW-Authenticate %q", secret, got.status, got.header.Get("WWW-Authenticate"))
		}
	}

	wire.Refuse()
	wire.BreakAll()
	a.wantUndecided(a.get("/ask", key.Secret))
	if got := a.get("/health", ""); got.status != http.StatusOK {
		t.Errorf("while the database is down a free page has status %d", got.status)
	}
	wire.Heal()
	a.wantGranted("/ask", key.Secret, 2)

	wire.CutNext(testdb.CutCommitAnswer, 1)
	a.wantGranted("/ask", key.Secret, 1)
	if cuts := wire.Cuts(testdb.CutCommitAnswer); cuts != 1 {
		t.Errorf("%d answers to COMMIT were lost, want 1", cuts)
	}

	a.wantGranted("/ask", key.Secret, 0)
	got := a.get("/ask", key.Secret)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, `"quota_exceeded"`) {
		t.Errorf("over the limit: got %d, Retry-After %q, %s", got.status, got.header.Get("Retry-After"), got.body)
	}
	if used := harness.Used(t, dsn, key.ID); used != 5 {
		t.Errorf("%d requests were counted, want 5", used)
	}
	if strings.Contains(a.output.String(), key.Secret) {
		t.Error("the app printed the key's secret")
	}
}

// wantGranted wants the handler's own answer, which knows the key, and what remains.
func (a *app) wantGranted(path, secret string, remaining int) {
	a.t.Helper()
	got := a.get(path, secret)
	if want := fmt.Sprintf(";r=%d;", remaining); got.status != http.StatusOK || got.body != "forty-two, ada" || !strings.Contains(got.header.Get("RateLimit"), want) {
		a.t.Errorf("%s: got %d %q, RateLimit %q, want 200 and %q", path, got.status, got.body, got.header.Get("RateLimit"), want)
	}
}

// buildExample builds an example in Go and returns the program's path.
func buildExample(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../../examples/"+name).CombinedOutput()
	if err != nil {
		t.Fatalf("building the example: %v\n%s", err, out)
	}
	return path
}
