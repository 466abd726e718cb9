package takeover_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// example is the directory that is tested.
const example = "../../examples/app-takeover"

// The keys of the example.
const (
	adminKey  = "sugarai2024"
	envKey    = "user_key_1"
	adaKey    = "k3yOfAda_vbQ0-example-example-example-00001"
	otherAda  = "k3yOfAda_vbQ0-example-example-example-00002"
	bobKey    = "k3yOfBob_vbQ0-example-example-example-00003" // disabled
	eveKey    = "k3yOfEve_vbQ0-example-example-example-00004" // denied
	mayKey    = "k3yOfMay_vbQ0-example-example-example-00005" // pending
	dailyCall = "3"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	os.Exit(code)
}

// startApp starts the example's app and returns its URL.
func startApp(t *testing.T, environment ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	app := exec.CommandContext(ctx, "python3", filepath.Join(example, "app.py"), "0")
	app.Env = append(os.Environ(), environment...)
	out, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = app.Wait() // it was killed
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the app told no port: %v", err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port)
}

// startAlone starts the app with keys and counts of its own.
func startAlone(t *testing.T, db string) string {
	t.Helper()
	return startApp(t, "TZ="+harness.NoonZone(), "APP_DB="+db, "MAX_DAILY_REQUESTS="+dailyCall)
}

// imported is Ration's database after the first moving in, which the others copy:
// imports take the tests' time. Tests run one after another.
var imported []byte

// rig is the app behind Ration, after moving in as the README says.
type rig struct {
	*harness.Instance
	t    *testing.T
	db   string
	wire *wire
}

func moveIn(t *testing.T) *rig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ration.db")
	r := &rig{t: t, db: "sqlite:" + path, wire: newWire(t, startApp(t, "BEHIND_RATION=1"))}
	if imported == nil {
		appDB := filepath.Join(t.TempDir(), "app.db")
		startAlone(t, appDB) // makes its database
		harness.CLI(t, r.db, "plans", "create", "learners", "--limit", dailyCall+"/day", "--time-zone", harness.NoonZone())
		r.importKeys(appDB)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		imported = content
	} else if err := os.WriteFile(path, imported, 0o600); err != nil {
		t.Fatal(err)
	}
	r.Instance = harness.NewInstance(t, r.db, r.wire.URL, "--config", filepath.Join(example, "ration.yaml"))
	r.Start()
	r.AwaitReady()
	return r
}

// importKeys runs the README's two commands.
func (r *rig) importKeys(appDB string) {
	r.t.Helper()
	in := func(name string) string { return filepath.Join(example, name) }
	harness.CLI(r.t, r.db, "keys", "import", appDB, "--table", "api_keys", "--mapping", in("import.yaml"), "--plan", "learners")
	harness.CLI(r.t, r.db, "keys", "import", in("app.env"), "--variable", "API_KEYS", "--mapping", in("import-env.yaml"), "--plan", "learners")
}

func (r *rig) call(key, target string) answer { return call(r.t, r.ProxyURL, "POST", target, key, "") }

// used returns how many requests of the key with an owner were counted.
func (r *rig) used(owner string) int {
	r.t.Helper()
	return harness.Used(r.t, r.db, r.id(owner))
}

func (r *rig) id(owner string) string {
	r.t.Helper()
	for line := range strings.Lines(harness.CLI(r.t, r.db, "keys", "list", "-o", "csv")) {
		if strings.Contains(line, ","+owner+",") {
			id, _, _ := strings.Cut(line, ",")
			return id
		}
	}
	r.t.Fatalf("no key of %s", owner)
	return ""
}

// answer is what a client sees.
type answer struct {
	Status int
	Type   string
	Body   string
	header http.Header
}

func call(t *testing.T, base, method, target, key, body string) answer {
	t.Helper()
	got, err := send(t.Context(), base, method, target, key, body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func send(ctx context.Context, base, method, target, key, body string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, base+target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		request.Header.Set("X-API-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("Content-Type"), string(content), response.Header}, err
}

// wire is the connection between Ration and the app. It notes all that goes to
// the app, and holds back questions of "wait".
type wire struct {
	*httptest.Server
	entered, release chan struct{}
	mu               sync.Mutex
	text             strings.Builder
	asked            int // POST requests
}

func newWire(t *testing.T, app string) *wire {
	t.Helper()
	target, err := url.Parse(app)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{entered: make(chan struct{}), release: make(chan struct{})}
	proxy := httputil.NewSingleHostReverseProxy(target)
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.note(r)
		if r.URL.Query().Get("question") == "wait" {
			w.entered <- struct{}{}
			<-w.release
		}
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *wire) note(r *http.Request) {
	dump, err := httputil.DumpRequest(r, true)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(dump)
	if err != nil {
		w.text.WriteString(err.Error())
	}
	if r.Method == http.MethodPost {
		w.asked++
	}
}

func (w *wire) seen() (text string, asked int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String(), w.asked
}
