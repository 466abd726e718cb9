package rationtest

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/sqlite"
)

// Start is when a fixture's clock stands unless told otherwise: noon, in the
// middle of a week and of a month, so that a test may go some hours in either
// direction without meeting the end of a period.
var Start = time.Date(2026, time.July, 15, 12, 0, 0, 0, time.UTC)

// actor is who a fixture's changes are done by.
const actor = "rationtest"

// Options says how a Fixture begins. The zero value is a good one.
type Options struct {
	Now    time.Time           // what the clock shows; zero: [Start]
	Engine ration.EngineConfig // as an application sets it

	SecretPrefix string // of new secrets; empty: [ration.DefaultSecretPrefix]
}

// Fixture is an engine to test with. It is safe for concurrent use.
type Fixture struct {
	// Engine decides charges, as in production.
	Engine *ration.Engine

	t        testing.TB
	path     string
	now      atomic.Pointer[time.Time]
	store    *breakable
	database *sqlite.Store
	admin    *admin.Service
}

// New makes a fixture that ends with the test.
func New(t testing.TB, options Options) *Fixture {
	t.Helper()
	f := &Fixture{t: t, path: filepath.Join(t.TempDir(), "ration.db")}
	if options.Now.IsZero() {
		options.Now = Start
	}
	f.now.Store(&options.Now)
	database, err := sqlite.Open(t.Context(), sqlite.Config{Path: f.path, Clock: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	f.database, f.store = database, &breakable{Store: database}
	f.admin = admin.New(database, admin.Config{SecretPrefix: options.SecretPrefix, Pepper: options.Engine.Pepper})
	f.Engine = ration.NewEngine(f.store, options.Engine)
	t.Cleanup(f.close)
	return f
}

// Now returns what the clock shows.
func (f *Fixture) Now() time.Time { return *f.now.Load() }

// Advance moves the clock. Backwards is possible too, as it is in life.
func (f *Fixture) Advance(by time.Duration) {
	for {
		now := f.now.Load()
		later := now.Add(by)
		if f.now.CompareAndSwap(now, &later) {
			return
		}
	}
}

// BreakStore makes the store fail: charges get ration.ErrStoreUnavailable, until
// MendStore.
func (f *Fixture) BreakStore() { f.store.broken.Store(true) }

// MendStore ends what BreakStore began. Nothing was lost.
func (f *Fixture) MendStore() { f.store.broken.Store(false) }

// close has a context of its own: the test's has ended.
func (f *Fixture) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := f.Engine.Close(ctx); err != nil {
		f.t.Error(err)
	}
	if err := f.database.Close(); err != nil {
		f.t.Error(err)
	}
}

// breakable is a store that can be out of reach.
type breakable struct {
	ration.Store
	broken atomic.Bool
}

// ResolveDigests implements ration.Store.
func (b *breakable) ResolveDigests(ctx context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	if b.broken.Load() {
		return nil, ration.ErrStoreUnavailable
	}
	return b.Store.ResolveDigests(ctx, digests)
}

// Charge implements ration.Store.
func (b *breakable) Charge(ctx context.Context, batch ration.Batch) ([]ration.Decision, error) {
	if b.broken.Load() {
		return nil, ration.ErrStoreUnavailable
	}
	return b.Store.Charge(ctx, batch)
}

// Reservations implements ration.Store.
func (b *breakable) Reservations(ctx context.Context, filter ration.ReservationFilter) ([]ration.Reservation, error) {
	if b.broken.Load() {
		return nil, ration.ErrStoreUnavailable
	}
	return b.Store.Reservations(ctx, filter)
}

// Ready implements ration.Store.
func (b *breakable) Ready(ctx context.Context) error {
	if b.broken.Load() {
		return ration.ErrStoreUnavailable
	}
	return b.Store.Ready(ctx)
}
