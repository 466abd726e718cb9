package faults

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

const (
	coldKeys  = 50
	limitEach = 100
)

// Setup says what a [Rig] consists of.
type Setup struct {
	Instances int                             // 0: 2
	Settings  map[string]string               // of the private cluster
	Wire      bool                            // reach it through a wire
	Wrap      func(ration.Store) ration.Store // nil: instances use the store itself
	Patience  time.Duration                   // how long instances may take to recover, and what they held to go; 0: 10 s
}

// Rig is a private PostgreSQL with instances on it in this process, so that what
// they hold can be counted, and the keys that they are called with.
type Rig struct {
	t       testing.TB
	Cluster *testdb.Cluster
	Wire    *testdb.Wire // nil without one
	url     string       // past the wire

	patience time.Duration

	instances []*instance
	hot       *subject // called by everybody who waits for answers
	hasty     *subject // called by those who don't
	cold      []*subject
	limited   []*subject
}

// instance is what a server has.
type instance struct {
	engine *ration.Engine
	store  *postgres.Store
}

// NewRig starts a rig that ends with the test.
func NewRig(t testing.TB, setup Setup) *Rig {
	t.Helper()
	r := &Rig{t: t, Cluster: testdb.StartCluster(t, setup.Settings), patience: cmp.Or(setup.Patience, 10*time.Second)}
	r.url = r.Cluster.Database(t)
	reach := r.url
	if setup.Wire {
		r.Wire = testdb.NewWire(t, r.url)
		reach = r.Wire.DSN()
	}
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: r.url}); err != nil {
		t.Fatal(err)
	}
	for range max(setup.Instances, 2) {
		r.startInstance(reach, setup.Wrap)
	}
	r.NewKeys()
	r.warmUp()
	return r
}

// warmUp lets every instance connect all that it will, so that what it holds can
// be compared afterwards: two lanes, one for digests, one of administration's.
func (r *Rig) warmUp() {
	r.t.Helper()
	l := r.startLoad()
	defer l.stop()
	connected := within(giveUp, func() bool {
		n, err := r.countConnections()
		return err == nil && n >= 4*len(r.instances)
	})
	if !connected {
		r.t.Fatalf("not every instance has connected: %v", l.surprises)
	}
}

func (r *Rig) startInstance(reach string, wrap func(ration.Store) ration.Store) {
	r.t.Helper()
	store, err := postgres.Open(r.t.Context(), postgres.Config{URL: reach})
	if err != nil {
		r.t.Fatal(err)
	}
	var used ration.Store = store
	if wrap != nil {
		used = wrap(store)
	}
	// A cache of one digest, so that secrets are looked up throughout.
	i := &instance{store: store, engine: ration.NewEngine(used, ration.EngineConfig{DigestCache: 1})}
	r.instances = append(r.instances, i)
	r.t.Cleanup(func() {
		if err := i.engine.Close(context.Background()); err != nil {
			r.t.Error(err)
		}
		if err := store.Close(); err != nil {
			r.t.Error(err)
		}
	})
}

// NewKeys lets the next cycle begin with keys that nobody has charged.
func (r *Rig) NewKeys() {
	r.t.Helper()
	create := func(count int, limit int64) []*subject {
		subjects, err := newSubjects(r.t.Context(), r.instances[0].store, count, limit)
		if err != nil {
			r.t.Fatal(err)
		}
		return subjects
	}
	r.hot, r.hasty = create(1, 0)[0], create(1, 0)[0]
	r.cold, r.limited = create(coldKeys, 0), create(Repeats(40, 400), limitEach)
}

func (r *Rig) subjects() []*subject {
	all := append([]*subject{r.hot, r.hasty}, r.cold...)
	return append(all, r.limited...)
}

// connect connects past the wire, as nobody of Ration's.
func (r *Rig) connect(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, r.url) }

// database returns the name of the instances' database.
func (r *Rig) database() string {
	config, err := pgx.ParseConfig(r.url)
	if err != nil {
		r.t.Fatal(err)
	}
	return config.Database
}
