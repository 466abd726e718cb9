// Package pgcommit makes the answer to a COMMIT on PostgreSQL one that can be
// believed. A transaction whose wait for its synchronous standby was cut short is
// committed on this server, perhaps nowhere else, and is answered as any other,
// except for a warning that comes before the answer. So a transaction must not let
// anybody suppress warnings, and whoever commits must ask for them.
package pgcommit

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// Settings are columns of the SELECT that begins a transaction. They pin, for the
// transaction alone, what a role, a database, a URL or a neighbour on a pooler may
// have set: that COMMIT returns after the flush, here and on synchronous standbys
// (a greater synchronous_commit than on stays); that warnings are sent; and that an
// error does not end the session, which could not be told from a server that died.
const Settings = `set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
       set_config('client_min_messages', 'warning', true), set_config('exit_on_error', 'off', true)`

// ErrUnheard says that warnings of the server don't arrive.
var ErrUnheard = errors.New("the server's warnings don't arrive, so a commit that a standby never got would look safe: " +
	"something in between withholds them, such as a pooler; give the URL of the server itself")

// WarningError is a COMMIT that came with a warning. It holds the SQLSTATE.
type WarningError string

// Error implements error.
func (e WarningError) Error() string {
	return fmt.Sprintf("COMMIT came with warning %s: the wait for a standby was cut short, so only this server may have the commit", string(e))
}

const (
	// key is where a connection keeps the SQLSTATE of its last warning.
	key = "ration.warning"
	// heardKey is where it keeps that the notice arrived that Heard provokes, and
	// nameTooLong is the SQLSTATE of that.
	heardKey    = "ration.heard"
	nameTooLong = "42622"
)

// NoteWarning is a pgconn.NoticeHandler that remembers the last warning.
func NoteWarning(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if notice.SeverityUnlocalized == "WARNING" {
		conn.CustomData()[key] = notice.Code
	}
	if notice.Code == nameTooLong {
		conn.CustomData()[heardKey] = true
	}
}

// TakeWarning returns the SQLSTATE of the last warning since it was last asked, ""
// if there was none. The connection's notices must go to [NoteWarning].
func TakeWarning(conn *pgconn.PgConn) string {
	data := conn.CustomData()
	warning, _ := data[key].(string)
	delete(data, key)
	return warning
}

// provocation makes the server say that a name is too long, and changes nothing. It
// is a notice, because a server writes warnings to its log, one for each
// connection; who lets notices through lets warnings through, which are graver.
var provocation = []string{
	"BEGIN",
	"SELECT " + Settings + ", set_config('client_min_messages', 'notice', true)",
	`SELECT 1 AS "ration_asks_whether_what_this_server_says_beside_its_answers_arrives"`,
	"ROLLBACK",
}

// Heard makes the server say something, in a transaction of its own, and returns
// [ErrUnheard] if that does not arrive.
func Heard(ctx context.Context, conn *pgconn.PgConn) error {
	delete(conn.CustomData(), heardKey)
	// One by one: the server reads the names of a statement when its turn comes.
	p := conn.StartPipeline(ctx)
	for _, sql := range provocation {
		p.SendQueryParams(sql, nil, nil, nil, nil)
	}
	if err := errors.Join(p.Sync(), p.Close()); err != nil {
		return fmt.Errorf("making the database server say something: %w", err)
	}
	if conn.CustomData()[heardKey] == nil {
		return ErrUnheard
	}
	return nil
}
