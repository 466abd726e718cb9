package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/pooler"
)

// examination is what the server says of itself, and what is known of the way to it.
type examination struct {
	schema         admin.Schema
	server         string
	now            time.Time // ration_now()
	durability     error     // ErrUnsafeDurability
	acceptsAnother bool      // Config.AcceptUnsafeDurability
	readOnly       bool      // the default of transactions
	standby        bool
	tables         tableFaults
	waiting        waiting
	room           room
	link           link
}

const examineSQL = `
SELECT ` + durabilityColumns + `, current_setting('server_version'), ration_now(),
       ` + versionSQL + `, ` + leastSQL + `,
       current_setting('default_transaction_read_only') = 'on', pg_is_in_recovery(), pg_backend_pid(), ` + roomColumns

// Examine implements admin.Maintenance. It ignores deep, because PostgreSQL checks
// its pages itself, if it is set to.
func (s *Store) Examine(ctx context.Context, _ bool) (_ []admin.Finding, err error) {
	found := examination{acceptsAnother: s.config.AcceptUnsafeDurability}
	err = s.read(ctx, "examining the database", func(ctx context.Context, q querier) error {
		begun, ok := q.(pgx.Tx)
		if !ok {
			return errors.New("a read is no transaction")
		}
		found.link = linkOf(begun.Conn())
		if found.tables, err = s.examineTables(ctx, q); err != nil {
			return err
		}
		if err = query(ctx, q, waitingSQL, func(r *row) { found.waiting = r.waiting() }); err != nil {
			return err
		}
		return query(ctx, q, examineSQL, func(r *row) {
			found.durability = r.durability()
			found.server, found.now = r.text(), r.time()
			found.schema.Version, found.schema.Least = r.int(), r.int()
			found.readOnly, found.standby = r.bool(), r.bool()
			found.link.pooled = pooler.Between(begun.Conn().PgConn().PID(), r.int32())
			found.room = r.room()
		})
	})
	if err != nil {
		return nil, err
	}
	found.room.need = s.mostConns()
	return []admin.Finding{
		found.schema.Finding(s.ownSchema, ", on PostgreSQL "+found.server),
		found.tables.finding(),
		admin.ClockFinding(found.now, s.config.InstanceClock()),
		found.durabilityFinding(),
		found.writableFinding(),
		s.lineage.finding(),
		found.waiting.finding(),
		found.link.poolerFinding(),
		found.connectionsFinding(),
		found.link.tlsFinding(),
	}, nil
}

func (e *examination) durabilityFinding() admin.Finding {
	finding := admin.Finding{Check: "durability", State: admin.FindingOK, Detail: "every commit is flushed to disk (fsync and full_page_writes are on, no standby)"}
	switch {
	case e.durability != nil:
		finding.State, finding.Detail = admin.FindingWarning, "weakened by accept_unsafe_durability: "+e.durability.Error()
		finding.Advice = "answered charges can be lost if the server or its machine fails; switch the settings on: run 'ALTER SYSTEM SET fsync = on', " +
			"'ALTER SYSTEM SET full_page_writes = on' and 'SELECT pg_reload_conf()' in psql; for others that are named 'ALTER SYSTEM RESET …', " +
			"or the same with ALTER DATABASE or ALTER ROLE; and give the URL of the primary"
	case e.acceptsAnother:
		finding.State, finding.Detail = admin.FindingWarning, "weakened by accept_unsafe_durability, although this server is durable"
		finding.Advice = "remove accept_unsafe_durability, so that Ration refuses a server that is not durable"
	}
	return finding
}

// writableFinding tells what reads don't notice and every charge would.
func (e *examination) writableFinding() admin.Finding {
	finding := admin.Finding{Check: "writable", State: admin.FindingOK, Detail: "transactions may write"}
	switch {
	case e.standby:
		finding.State, finding.Detail = admin.FindingProblem, "it is a standby, so nothing can be charged"
		finding.Advice = "give the URL of the primary (RATION_DB), or promote this server: run 'SELECT pg_promote()' in psql"
	case e.readOnly:
		finding.State, finding.Detail = admin.FindingProblem, "the database is read-only (default_transaction_read_only is on), so nothing can be charged"
		finding.Advice = `run "SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only'" in psql: for "client" take it out of the database URL, ` +
			`for "database" run 'ALTER DATABASE … RESET default_transaction_read_only', for "user" the same with ALTER ROLE, else with ALTER SYSTEM`
	}
	return finding
}
