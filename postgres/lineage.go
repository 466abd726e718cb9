package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/admin"
)

// errForeign says that a server is not the one that has the database: an old
// primary that has come back, or another cluster.
var errForeign = errors.New("the database server is not the one that keeps the counts")

// errWithheld says that a server does not tell its lineage any more. It is not
// asked again on the connections that there are.
var errWithheld = errors.New("the database server withholds its timeline")

// lineageColumn names a server's cluster, and its timeline if it is a primary,
// which each promotion raises: "7713528475748561661/00000002".
const lineageColumn = `(SELECT concat(system_identifier, '/',
               CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END)
        FROM pg_control_system())`

const lineageSQL = `SELECT ` + lineageColumn

// unwatched asks for no lineage. Rights to functions are checked when a statement
// begins, so no condition in it could leave the question out.
func unwatched(sql string) string { return strings.Replace(sql, lineageColumn, "NULL::text", 1) }

// lineage is what a store knows of the cluster that has its database: whose it is
// and the highest timeline seen. A server that is behind it was left by a
// promotion, and what is charged there is lost. It may be used concurrently.
type lineage struct {
	log *slog.Logger

	mu       sync.Mutex
	system   string // identifier of the cluster, "" before the first connection
	timeline uint64
	withheld error // why servers don't tell; nil if they do
}

// check compares what lineageColumn tells of a server with what was seen before,
// and remembers it. Its error is errForeign.
func (l *lineage) check(told string) error {
	if told == "" { // not asked
		return nil
	}
	system, hex, _ := strings.Cut(told, "/")
	timeline := uint64(0) // a standby's
	if hex != "" {
		var err error
		if timeline, err = strconv.ParseUint(hex, 16, 32); err != nil {
			return errColumn
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.system == "":
		l.system = system
	case l.system != system:
		return fmt.Errorf("%w: its system identifier is %s, while %s was seen before: it is another cluster, with counts of its own; "+
			"point the database URL, the pooler or the name back to the previous one; if the database has moved with all its counts, restart every instance of Ration", errForeign, system, l.system)
	case hex != "" && timeline < l.timeline:
		return fmt.Errorf("%w: it is a primary on timeline %d, while timeline %d was seen before: another server was promoted, and this old primary has come back unfenced; "+
			"switch it off, and make it a standby with pg_rewind or pg_basebackup before anyone can reach it again; if you restored it on purpose, restart every instance of Ration", errForeign, timeline, l.timeline)
	}
	if l.timeline != 0 && timeline > l.timeline {
		l.log.Warn("a standby of the database was promoted; servers on lower timelines are refused from now on", "timeline", timeline, "before", l.timeline)
	}
	l.timeline = max(l.timeline, timeline)
	return nil
}

// watch makes connections tell their lineage when they are made.
func (l *lineage) watch(config *pgconn.Config) {
	wanted := config.ValidateConnect
	config.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) (err error) {
		if wanted != nil {
			err = wanted(ctx, conn)
		}
		if err != nil && !errors.As(err, new(*pgconn.NotPreferredError)) { // which may be taken yet
			return err
		}
		if foreign := l.validate(ctx, conn); foreign != nil {
			return foreign
		}
		return err
	}
}

// validate refuses a foreign server when a connection is made, so that the next
// host of the URL is tried.
func (l *lineage) validate(ctx context.Context, conn *pgconn.PgConn) error {
	result := conn.ExecParams(ctx, lineageSQL, nil, nil, nil, binary1).Read()
	refused := refusesLineage(result.Err)
	if result.Err != nil && !refused {
		return fmt.Errorf("asking the database server for its timeline: %w", result.Err)
	}
	l.mu.Lock()
	l.withheld = result.Err
	l.mu.Unlock()
	if refused {
		return nil
	}
	r := row{columns: result.Rows[0]}
	return errors.Join(l.check(r.text()), r.err)
}

// heed takes in that settings could not be made because the server does not tell
// its lineage any more. Its error is errWithheld then, after which a transaction
// can be sent again.
func (l *lineage) heed(err error) error {
	if !refusesLineage(err) || !l.watched() {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.withheld = err
	return fmt.Errorf("%w: %w", errWithheld, err)
}

// refusesLineage reports whether a server has not what lineageColumn asks for, or
// withholds it from the role (SQLSTATEs 42 and 0A).
func refusesLineage(err error) bool {
	state := sqlState(err)
	return strings.HasPrefix(state, "42") || strings.HasPrefix(state, "0A")
}

func (l *lineage) watched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.withheld == nil
}

// stillHas reports whether a server of which something is remembered is the one that keeps
// the counts, as far as can be known without asking it, and tells its lineage.
func (l *lineage) stillHas(told string) bool { return l.watched() && l.check(told) == nil }

// settings returns the statement that begins a transaction of decisions.
func (l *lineage) settings() statement {
	if l.watched() {
		return stmtSettings
	}
	return stmtUnwatched
}

// sql returns a statement that holds lineageColumn as it is to be sent.
func (l *lineage) sql(watched string) string {
	if l.watched() {
		return watched
	}
	return unwatched(watched)
}

func (l *lineage) finding() admin.Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.withheld != nil {
		return admin.Finding{
			Check: "timeline", State: admin.FindingWarning,
			Detail: "the server does not show its timeline (" + l.withheld.Error() + "), so an old primary that comes back unfenced would not be noticed",
			Advice: "run 'GRANT EXECUTE ON FUNCTION pg_control_system(), pg_walfile_name(pg_lsn), pg_current_wal_insert_lsn(), pg_is_in_recovery() TO …' in psql with the name of the URL's user, and restart Ration",
		}
	}
	return admin.Finding{
		Check: "timeline", State: admin.FindingOK,
		Detail: fmt.Sprintf("the server is on timeline %d of cluster %s; a running instance refuses lower ones and other clusters", l.timeline, l.system),
	}
}
