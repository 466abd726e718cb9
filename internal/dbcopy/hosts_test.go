package dbcopy_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/dbcopy"
	"github.com/ration-dev/ration/internal/testdb"
)

// A host that is silent costs a copy a moment, and not the two minutes that
// drivers wait for one, whether it is copied to or from.
func TestSilentHostHoldsUpNoCopy(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	url := testdb.Postgres(t)
	silent := testdb.NewWire(t, url)
	silent.BlackHole()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
	defer cancel()
	both := server(testdb.Among(silent.DSN(), testdb.NewWire(t, url).DSN()))
	for _, config := range []dbcopy.Config{{From: file(path), To: both}, {From: both, To: file(filepath.Join(t.TempDir(), "back.db"))}} {
		if _, err := dbcopy.Run(ctx, config); err != nil {
			t.Error(err)
		}
	}
}
