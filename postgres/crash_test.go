package postgres_test

import (
	"context"
	"testing"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// crash opens an instance whose connections all break at once during some work,
// or after it, and for ever.
func (d *database) crash(t *testing.T, config postgres.Config, point uint64, work func(context.Context, storetest.Store)) {
	t.Helper()
	wire := testdb.NewWire(t, d.url)
	crashing := (&database{url: wire.DSN()}).open(t, config)
	ctx, crash := context.WithCancel(t.Context())
	defer crash()
	if at := point % uint64(len(allCuts)+1); at < uint64(len(allCuts)) {
		wire.OnCut(func() {
			wire.Refuse()
			crash()
		})
		wire.CutNext(allCuts[at], 1)
	}
	work(ctx, crashing)
	wire.Refuse()
	wire.BreakAll()
	_ = crashing.Close() // without a connection
}
