package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/observe"
)

// ErrAltered says that somebody has changed tables in such a way that written rows
// may not be kept: with a trigger, a rule, row security, a table that inherits, or
// something else in the place of a table.
var ErrAltered = errors.New("the tables are not as Ration made them")

// tableNames are all tables that the migrations make, without the partitions of days.
var tableNames = []string{
	"meters", "plans", "plan_limits", "api_keys", "api_key_limits", "api_key_limits_beneath", "secret_digests", "api_key_secrets", "key_words", "key_usage", "usage_days", "usage_days_since", "usage_hours", "usage_hours_since", "traffic_hours", "traffic_hours_since",
	"charge_batches", "reservations", "leases", "idempotency_keys", "refunds", "request_log", "admin_tokens", "sessions", "login_links", "admin_answers", "cursor_key", "audit_log", "events", "event_marks", "event_feed", "webhooks", "deliveries", "instances", "jobs", "job_inputs", "key_requests", "pickup_links", "goose_db_version", "schema_compatibility",
}

// tablesSQL finds what forgets, withholds or undoes a write: what it is, its table,
// its name and, for what has to be dropped, its kind in SQL. It goes by the
// catalogs alone and takes the schema from the search path $1, as text: as a
// setting it would hold only later. The unique indexes of the catalogs serve it.
const tablesSQL = `
WITH RECURSIVE found AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE $1::text IN (quote_ident(n.nspname) || ', pg_temp', '"' || replace(n.nspname, '"', '""') || '", pg_temp') AND c.relname = ANY($2::text[])
    UNION
    SELECT i.inhrelid FROM found JOIN pg_inherits i ON i.inhparent = found.oid
), ours AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relkind AS kind, c.relpersistence AS persistence FROM found JOIN pg_class c ON c.oid = found.oid
)
SELECT 'unlogged', name, name FROM ours WHERE persistence <> 'p'
UNION ALL
SELECT 'kind', name, name FROM ours WHERE kind NOT IN ('r', 'p')
UNION ALL
SELECT 'child', ours.name, i.inhrelid::regclass::text FROM ours JOIN pg_inherits i ON i.inhparent = ours.oid WHERE ours.kind = 'r'
UNION ALL
SELECT 'rule', ours.name, r.rulename FROM ours JOIN pg_rewrite r ON r.ev_class = ours.oid WHERE ours.kind IN ('r', 'p')
UNION ALL
SELECT 'policy', name, name FROM ours WHERE kind IN ('r', 'p') AND row_security_active(oid)
UNION ALL
SELECT 'trigger', ours.name, t.tgname FROM ours JOIN pg_trigger t ON t.tgrelid = ours.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'`

// tableFaults are what tablesSQL finds.
type tableFaults struct {
	unlogged, altered []string
}

func (f *tableFaults) add(r *row) {
	what, table, name := r.text(), r.text(), r.text()
	switch what {
	case "unlogged":
		f.unlogged = append(f.unlogged, fmt.Sprintf("table %s is not logged, so a crash empties it: run 'ALTER TABLE %s SET LOGGED' in psql", table, table))
	case "kind":
		f.altered = append(f.altered, fmt.Sprintf("%s is not a table on this server: put the table back in its place", table))
	case "child":
		f.altered = append(f.altered, fmt.Sprintf("rows of %s count as those of %s: run 'ALTER TABLE %s NO INHERIT %s' in psql", name, table, name, table))
	case "policy":
		f.altered = append(f.altered, fmt.Sprintf("row security may hide rows of %s: run 'ALTER TABLE %s DISABLE ROW LEVEL SECURITY' in psql, or let the role of the URL pass it", table, table))
	default: // a rule or a trigger
		f.altered = append(f.altered, fmt.Sprintf("%s %q on %s may keep counts from being written, or undo them: run 'DROP %s %s ON %s' in psql",
			what, name, table, strings.ToUpper(what), name, table))
	}
}

// err is nil, ErrAltered, or ErrUnsafeDurability for tables that only forget.
func (f *tableFaults) err() error {
	switch {
	case f.altered != nil:
		return fmt.Errorf("%w: %s", ErrAltered, strings.Join(append(f.altered, f.unlogged...), "; "))
	case f.unlogged != nil:
		return fmt.Errorf("%w: %s", ErrUnsafeDurability, strings.Join(f.unlogged, "; "))
	}
	return nil
}

// accepted returns what is left of an error of tables where weaker durability is
// accepted: what withholds writes is not a matter of durability.
func (c Config) accepted(err error) error {
	switch {
	case c.AcceptUnsafeDurability && errors.Is(err, ErrUnsafeDurability):
		return nil
	case c.acceptAltered && errors.Is(err, ErrAltered):
		return nil
	}
	return err
}

// tablesParams are the parameters of tablesSQL.
func (s *Store) tablesParams() [][]byte {
	names := newTexts()
	for _, name := range tableNames {
		names.addText(name)
	}
	return [][]byte{[]byte(s.searchPath), names.param()}
}

// checkTables looks at the tables on a new connection for decisions.
func (s *Store) checkTables(ctx context.Context, conn *pgconn.PgConn) error {
	result := conn.ExecParams(ctx, tablesSQL, s.tablesParams(), nil, binary1, binary1).Read()
	if result.Err != nil {
		return fmt.Errorf("looking at the tables: %w", result.Err)
	}
	var faults tableFaults
	for _, columns := range result.Rows {
		faults.add(&row{columns: columns})
	}
	return s.config.accepted(faults.err())
}

// watchTables looks at the tables, and whether commits wait in vain, while the store
// is open. What it finds holds for decisions and changes until it is gone.
func (s *Store) watchTables(ctx context.Context, l *lane) {
	var faults tableFaults
	_, err := l.connect(ctx) // which looks, too
	switch {
	case errors.Is(err, ErrAltered), errors.Is(err, ErrUnsafeDurability):
	case err != nil, l.readSingle(stmtTables, faults.add, s.tablesParams()) != nil:
		return // what was found last still holds
	default:
		err = s.config.accepted(faults.err())
	}
	if err == nil {
		var w waiting
		if l.readSingle(stmtWaiting, func(r *row) { w = r.waiting() }, nil) == nil {
			err = w.err()
			s.observeWeakness(observe.WeaknessStandbyAway, err)
		}
	} else {
		err = fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	}
	s.altered.Store(&err)
}

// refuseAltered returns what the last watch has found.
func (s *Store) refuseAltered() error {
	if err := s.altered.Load(); err != nil {
		return *err
	}
	return nil
}

// examineTables looks at the tables within a transaction of the pool's.
func (s *Store) examineTables(ctx context.Context, q querier) (faults tableFaults, err error) {
	err = query(ctx, q, tablesSQL, faults.add, s.searchPath, tableNames)
	return faults, err
}

func (f *tableFaults) finding() admin.Finding {
	finding := admin.Finding{Check: "tables", State: admin.FindingOK, Detail: "they keep what is written to them: all are logged, and nothing keeps rows from being written"}
	switch err := f.err(); {
	case errors.Is(err, ErrAltered):
		finding.State, finding.Detail = admin.FindingProblem, err.Error()
		finding.Advice = "fix this; until then nothing is charged and nothing can be changed"
	case err != nil:
		finding.State, finding.Detail = admin.FindingWarning, "weakened by accept_unsafe_durability: "+err.Error()
		finding.Advice = "a crash of the server empties these tables; fix this"
	}
	return finding
}
