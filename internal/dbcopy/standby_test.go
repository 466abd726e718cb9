package dbcopy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/dbcopy"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// TestCopyWithoutItsStandbyIsSaid has the target's synchronous standby away, cuts
// the wait for it short, and keeps the server's warnings back.
func TestCopyWithoutItsStandbyIsSaid(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	url := testdb.StartCluster(t, nil).DSN()
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err != nil {
		t.Fatal(err)
	}
	execute(t, url, "ALTER DATABASE postgres SET client_min_messages = error")
	execute(t, url, "ALTER SYSTEM SET synchronous_standby_names = 'away'")
	execute(t, url, "SELECT pg_reload_conf()")
	ended := make(chan error, 1)
	go func() { ended <- runCopy(t, file(path), server(url)) }()
	const cancel = "SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for len(texts(t, url, cancel)) == 0 {
		<-tick.C
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "COMMIT came with warning") {
		t.Errorf("the copy ended with %v", err)
	}
	execute(t, url, "ALTER SYSTEM RESET synchronous_standby_names")
	execute(t, url, "SELECT pg_reload_conf()")
	if _, err := dbcopy.Run(t.Context(), dbcopy.Config{From: file(path), To: server(url)}); err != nil {
		t.Errorf("the copy again: %v", err)
	}
}
