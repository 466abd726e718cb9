//go:build long

package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
)

// TestMigrateGivesUpAfterAMinute has another instance that migrates for longer.
func TestMigrateGivesUpAfterAMinute(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	onDatabase(t, url, "SELECT pg_advisory_lock(125762890461038)")
	start := time.Now()
	done := invoke(t, url, "migrate")
	if took := time.Since(start); took < time.Minute {
		t.Errorf("it waited only %v", took)
	}
	if done.code != 6 || !strings.Contains(done.stderr, "another instance has been migrating it for 1m0s") {
		t.Errorf("exit code %d: %s", done.code, done.stderr)
	}
}
