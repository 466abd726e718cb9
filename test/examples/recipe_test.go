package examples_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// recipe is an example over POST /v1/verify.
type recipe struct {
	name        string
	command     func(t *testing.T) []string
	environment []string
}

var recipes = []recipe{
	{"fastapi", fastAPI, []string{"PYTHONPATH=../../clients/python"}},
	{"express", func(*testing.T) []string { return []string{"node", "app.js"} }, []string{"NODE_PATH=/usr/share/nodejs", "PORT=0"}},
}

// fastAPI runs the example with a Python that has what it needs: the first in the path
// may be another than the system's.
func fastAPI(t *testing.T) []string {
	t.Helper()
	return []string{pythonWith(t, "fastapi", "uvicorn"), "-B", "-m", "uvicorn", "app:app", "--port", "0"}
}

// pythonWith finds a Python that has modules.
func pythonWith(t *testing.T, modules ...string) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), python, "-c", "import "+strings.Join(modules, ", ")).Run() == nil {
			return python
		}
	}
	t.Fatalf("no Python has %v; run: make system", modules)
	return ""
}

// table is a recipe's app with Ration at hand.
type table struct {
	*app
	gate   *gate
	ration *harness.Instance
	db     string
	key    harness.Key
	token  string
}

// lay starts Ration and a recipe's app, for a key with a limit.
func (r recipe) lay(t *testing.T, limit string) *table {
	t.Helper()
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	harness.CLI(t, db, "plans", "create", "free", "--limit", limit, "--time-zone", harness.NoonZone())
	l := &table{db: db, key: harness.CreateKey(t, db, "--plan", "free", "--owner", "ada")}
	l.token = strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "app", "--scope", "verify"))
	l.ration = harness.NewInstance(t, db, harness.NewUpstream(t).URL)
	l.ration.Start()
	l.ration.AwaitReady()
	l.gate = newGate(t, l.ration.APIURL)
	l.app = r.start(t, "http://"+l.gate.addr, l.token)
	return l
}

func (r recipe) start(t *testing.T, url, token string) *app {
	t.Helper()
	return startApp(t, r.name, r.command(t), append(r.environment,
		"RATION_URL="+url, "RATION_TOKEN="+token, "http_proxy=http://127.0.0.1:1", "all_proxy=http://127.0.0.1:1")...)
}

// wantUsed checks how many requests were counted in the end.
func (l *table) wantUsed(want int) {
	l.t.Helper()
	if used := harness.Used(l.t, l.db, l.key.ID); used != want {
		l.t.Errorf("%d requests were counted, want %d", used, want)
	}
}

// wantNothingTold checks that neither secret nor token was printed.
func (l *table) wantNothingTold() {
	l.t.Helper()
	for name, text := range map[string]string{"the key's secret": l.key.Secret, "the token": l.token} {
		if strings.Contains(l.output.String(), text) {
			l.t.Errorf("the app printed %s", name)
		}
	}
}

// inBackground asks for a path while the test goes on.
func (l *table) inBackground(path string) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- l.get(path, l.key.Secret) }()
	return answers
}
