package rationtest

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// Start is the time at which a fixture's clock begins, unless [Options] says
// otherwise. It is noon, in the middle of a week and of a month, so that a test can
// move some hours in either direction without reaching the end of a day.
var Start = time.Date(2026, time.July, 15, 12, 0, 0, 0, time.UTC)

// actor is the name under which the audit log has a fixture's changes.
const actor = "rationtest"

// Options says how a Fixture begins. The zero value is ready to use.
type Options struct {
	Now    time.Time           // the clock's first time; zero: [Start]
	Engine ration.EngineConfig // as the application sets it

	SecretPrefix string // the beginning of new secrets; empty: [ration.DefaultSecretPrefix]
}

// Fixture is an engine for a test. It is safe for concurrent use.
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

// New returns a fixture, which is closed when the test ends.
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

// Now returns the time of the fixture's clock.
func (f *Fixture) Now() time.Time { return *f.now.Load() }

// Advance moves the clock forwards, or backwards if by is negative: real clocks do
// both.
func (f *Fixture) Advance(by time.Duration) {
	for {
		now := f.now.Load()
		later := now.Add(by)
		if f.now.CompareAndSwap(now, &later) {
			return
		}
	}
}

// Operations returns the operations of administration on the fixture's database, for
// what needs them besides the Engine, such as [rationhttp.NewUsage]. BreakStore doesn't
// break them.
//
// [rationhttp.NewUsage]: https://pkg.go.dev/github.com/ration-dev/ration/rationhttp#NewUsage
func (f *Fixture) Operations() rationadmin.Operations { return f.admin }

// BreakStore makes the store fail. Charges get [ration.ErrStoreUnavailable] until
// MendStore is called.
func (f *Fixture) BreakStore() { f.store.broken.Store(true) }

// MendStore ends the failure that BreakStore began. No data is lost.
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
