package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// waitingColumns tell for how many seconds a COMMIT has waited for a synchronous
// standby, of those that have waited so long that they were given up, and how many
// such there are. Who gave one up leaves it where it is: cancelled, it would be
// committed without the standby. So while a standby is away there is always one to
// be seen, once somebody has tried, and none any more when it is back.
const waitingColumns = `
       (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0)::bigint FROM pg_stat_activity
        WHERE wait_event = 'SyncRep' AND query_start < clock_timestamp() - interval '3 s'),
       (SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query_start < clock_timestamp() - interval '3 s'),
       current_setting('synchronous_standby_names')`

const waitingSQL = `SELECT ` + waitingColumns

// waiting is what waitingColumns tell.
type waiting struct {
	longest  time.Duration
	commits  int64
	standbys string // synchronous_standby_names
}

func (r *row) waiting() waiting {
	return waiting{longest: time.Duration(r.int()) * time.Second, commits: r.int(), standbys: r.text()}
}

const standbyAdvice = "start the standby or repair the connection to it; if it is gone for good, run 'ALTER SYSTEM SET synchronous_standby_names = …' in psql with those that are left, " +
	"or 'ALTER SYSTEM RESET synchronous_standby_names' to do without any, and then 'SELECT pg_reload_conf()'"

func (w waiting) String() string {
	return fmt.Sprintf("%d commits wait for a synchronous standby, the oldest for %s (wait event SyncRep; synchronous_standby_names is %q)", w.commits, w.longest, w.standbys)
}

// AwaitingStandby returns how many commits have waited for a synchronous standby for
// more than 3 seconds, on the whole server.
func (s *Store) AwaitingStandby(ctx context.Context) (commits int64, err error) {
	if !s.enter() {
		return 0, errClosed
	}
	defer s.leave()
	err = s.lookUp(ctx, stmtWaiting, func(r *row) { commits = r.waiting().commits })
	return commits, err
}

// err refuses what would only wait, and leave one more connection behind.
func (w waiting) err() error {
	if w.commits == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s: %s", ration.ErrStoreUnavailable, w, standbyAdvice)
}

func (w waiting) finding() admin.Finding {
	finding := admin.Finding{Check: "standby", State: admin.FindingOK, Detail: "no commit waits for a standby"}
	switch {
	case w.commits > 0:
		finding.State, finding.Detail, finding.Advice = admin.FindingProblem, w.String(), standbyAdvice
	case w.standbys == "":
		finding.Detail = "no standby is synchronous: if one is promoted, it may lack the last commits"
	}
	return finding
}
