package torture

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// rig is what a run runs on.
type rig struct {
	*testing.T
	options  Options
	build    harness.Build
	db       string // past the wires
	cluster  *testdb.Cluster
	upstream *harness.Upstream
	config   string // the file with the routes
	nodes    []*node
	base     time.Duration // that all clocks are ahead of the machine's
	midnight time.Time     // that the run is to pass; zero: none
	start    time.Time     // of the clock that all clients share
	steps    []Step
	admitted atomic.Int64 // calls, and others that were done
	refused  atomic.Int64 // calls of which nothing was charged
}

// node is one instance, and what leads to it and away from it.
type node struct {
	*harness.Instance
	wire     *testdb.Wire // to the database; nil on SQLite
	verifier *client.Verifier
	admin    *client.Admin
}

func newRig(t *testing.T, options Options) *rig {
	r := &rig{T: t, options: options, build: options.Build, upstream: harness.NewUpstream(t)}
	if r.build == (harness.Build{}) {
		r.build = options.Builds(t, "")
	}
	r.chooseBase()
	if options.stepsProcess() {
		r.newClock()
	}
	r.writeConfig()
	switch options.Store {
	case SQLite:
		r.db = "sqlite:" + filepath.Join(cmp.Or(options.Disk, t.TempDir()), "ration.db")
	case Postgres:
		var settings map[string]string
		if options.Disk != "" {
			t.Setenv(testdb.DirVariable, options.Disk)
			settings = diskSettings
		}
		r.cluster = testdb.StartCluster(t, settings)
		r.db = r.cluster.Database(t)
	default:
		t.Fatalf("%q is no store: sqlite or postgres", options.Store)
	}
	r.build.CLI(t, r.db, "migrate")
	if options.Midnight && options.Store == Postgres {
		if err := r.setServerClock(r.base); err != nil {
			t.Fatal(err)
		}
	}
	token := func(scope string) client.Token {
		return client.Token(strings.TrimSpace(r.build.CLI(t, r.db, "tokens", "create", scope, "--scope", scope, "-q")))
	}
	verify, everything := token("verify"), token("admin")
	for range options.instances() {
		r.nodes = append(r.nodes, r.newNode(verify, everything))
	}
	for _, n := range r.nodes {
		n.Start()
	}
	for _, n := range r.nodes {
		n.AwaitReady()
	}
	r.start, r.steps = time.Now(), []Step{{Offset: r.base}}
	return r
}

// failedMeter counts what failing calls cost, and so tells in the end how much of it was
// not given back.
const failedMeter = "failed"

// writeConfig writes the routes that cost more than one request. The upstream fails them.
func (r *rig) writeConfig() {
	r.Helper()
	text := "headers: both\nroutes:\n"
	for _, price := range prices {
		text += fmt.Sprintf("  - path: /fail/%d\n    amounts: {requests: %d, %s: %d}\n", price, price, failedMeter, price)
	}
	r.config = filepath.Join(r.TempDir(), "ration.yaml")
	if err := os.WriteFile(r.config, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) newNode(verify, everything client.Token) *node {
	r.Helper()
	n, db := &node{}, r.db
	if r.cluster != nil {
		n.wire = testdb.NewWire(r, r.db)
		db = n.wire.DSN()
	}
	administration := harness.FreeAddr(r.T)
	n.Instance = harness.NewInstance(r.T, db, r.upstream.URL, "--admin-listen", administration, "--config", r.config)
	n.Use(r.build)
	var err error
	if n.verifier, err = client.NewVerifier(client.Config{URL: n.APIURL, Token: verify, Retries: -1, HTTP: newHTTP()}); err != nil {
		r.Fatal(err)
	}
	if n.admin, err = client.NewAdmin(client.Config{URL: "http://" + administration, Token: everything, HTTP: newHTTP()}); err != nil {
		r.Fatal(err)
	}
	return n
}

// drain ends what is under way: every fault has ended, and each instance is ready.
func (r *rig) drain() {
	r.Helper()
	for _, n := range r.nodes {
		n.AwaitReady()
	}
	time.Sleep(settleTime)
}

// settleTime is how long what was given up may still be on its way: callers wait at most
// 5 seconds, and the fence of what they gave up comes after them. A reservation that is due
// 2 seconds after the last call may also wait for the sweep, which comes every 5 seconds.
const settleTime = 9 * time.Second
