package postgres

import (
	"fmt"

	"github.com/ration-dev/ration/internal/admin"
)

// room is how many more connections the limits allow, and how many an instance makes.
type room struct {
	server, database, role int64
	need                   int64
}

// roomColumns count with the statistics that every role may read; whose a session
// is, and nothing else of it, is among them. Where there is no limit there is room
// for all. The server keeps some of its connections for superusers.
const roomColumns = `
       current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
           - coalesce(current_setting('reserved_connections', true)::bigint, 0) - (SELECT sum(numbackends) FROM pg_stat_database)::bigint,
       (SELECT CASE WHEN datconnlimit >= 0 THEN datconnlimit - numbackends ELSE 1000000 END::bigint
        FROM pg_database JOIN pg_stat_database ON datid = oid WHERE oid = (SELECT oid FROM pg_database WHERE datname = current_database())),
       (SELECT CASE WHEN rolconnlimit >= 0 AND NOT rolsuper
                    THEN rolconnlimit - (SELECT count(*) FROM pg_stat_activity WHERE usesysid = r.oid AND datid IS NOT NULL) ELSE 1000000 END::bigint
        FROM pg_roles r WHERE rolname = session_user)`

func (r *row) room() room {
	return room{server: max(r.int(), 0), database: max(r.int(), 0), role: max(r.int(), 0)}
}

// mostConns is how many connections an instance with this configuration makes: one
// a lane, one of the resolver, and the pool's.
func (s *Store) mostConns() int64 { return int64(s.config.Lanes + 1 + s.config.ReportConns) }

func (e *examination) connectionsFinding() admin.Finding {
	finding := admin.Finding{Check: "connections", State: admin.FindingOK}
	if e.link.pooled {
		finding.Detail = "instances share the pooler's connections"
		return finding
	}
	left := min(e.room.server, e.room.database, e.room.role)
	finding.Detail = fmt.Sprintf("%d more are possible; an instance opens up to %d", left, e.room.need)
	if left >= e.room.need {
		return finding
	}
	finding.State = admin.FindingWarning
	finding.Advice = "a new instance may find none left: "
	switch left {
	case e.room.server:
		finding.Advice += "run 'ALTER SYSTEM SET max_connections = …' in psql with more than 'SHOW max_connections' says, and restart PostgreSQL; or put PgBouncer in front of it"
	case e.room.database:
		finding.Advice += "run 'ALTER DATABASE … CONNECTION LIMIT -1' in psql with the database's name"
	default:
		finding.Advice += "run 'ALTER ROLE … CONNECTION LIMIT -1' in psql with the name of the URL's user"
	}
	return finding
}
