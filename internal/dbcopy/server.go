package dbcopy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/pgcommit"
	"github.com/ration-dev/ration/internal/pghosts"
	"github.com/ration-dev/ration/internal/pooler"
	"github.com/ration-dev/ration/internal/redact"
)

const (
	// instanceName is what instances and commands call themselves unless their URL
	// says otherwise; ownName is what a copy does.
	instanceName = "ration"
	ownName      = "ration copy"
	// leaveTime is how long sessions that were just closed are waited for.
	leaveTime  = time.Second
	leaveRetry = 20 * time.Millisecond
)

var errPooler = errors.New("a pooler is between here and the PostgreSQL database, which hides whether instances run: give the URL of the server itself")

// server is a PostgreSQL database.
type server struct {
	conn       *pgx.Conn
	searchPath any // of the URL; nil: that of role and database
	options    pgx.TxOptions
}

var _ side = (*server)(nil)

// oneInstant reads what was there when a transaction began, and changes nothing.
var oneInstant = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// openServer connects to a database. Its errors don't hold the URL.
func openServer(ctx context.Context, url string, options pgx.TxOptions) (*server, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil || redact.Ambiguous(url) {
		return nil, errors.New("the URL of the PostgreSQL database can't be read") // the cause holds it
	}
	s := &server{options: options}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // a pooler keeps no prepared statements
	if given, ok := config.RuntimeParams["search_path"]; ok {
		s.searchPath = given
		delete(config.RuntimeParams, "search_path") // which a pooler would refuse
	}
	config.OnNotice = pgcommit.NoteWarning
	config.RuntimeParams["application_name"] = ownName
	config.RuntimeParams["client_encoding"] = "UTF8" // whatever the role has
	hosts := pghosts.Hosts{Primary: true}
	if s.conn, err = hosts.Connect(ctx, config); err != nil {
		return nil, fmt.Errorf("connecting to the PostgreSQL database: %w", redact.Error(err, url))
	}
	if err := s.refusePooler(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// refusePooler refuses a pooler, because the sessions that it keeps open would
// look like those of instances, or hide them.
func (s *server) refusePooler(ctx context.Context) error {
	var pid int
	if err := s.conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return err
	}
	if pooler.Between(s.conn.PgConn().PID(), pid) {
		return errPooler
	}
	return nil
}

func (s *server) name() string {
	config := s.conn.Config()
	return fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), config.Database)
}

func (s *server) begin(ctx context.Context) (transaction, error) {
	tx, err := s.conn.BeginTx(ctx, s.options)
	if err != nil {
		return nil, err
	}
	if err := s.settle(ctx, tx); err != nil {
		return nil, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return &serverTx{tx}, nil
}

// settle lets a transaction take its time and makes its names mean the schema in
// which Ration's tables are: the first of the search path that has them.
func (s *server) settle(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		SELECT `+pgcommit.Settings+`, set_config('role', NULL, true), set_config('search_path', $1, true),
		       set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`, s.searchPath)
	if err == nil {
		_, err = tx.Exec(ctx, `
			SELECT set_config('search_path', quote_ident(nspname) || ', pg_temp', true)
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.oid = to_regclass('key_usage')`)
	}
	return err
}

func (s *server) refuseInUse(ctx context.Context) error {
	leave, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	again := time.NewTicker(leaveRetry)
	defer again.Stop()
	for {
		sessions, err := s.sessions(ctx)
		if err != nil || sessions == 0 {
			return err
		}
		select {
		case <-again.C:
		case <-leave.Done():
			return &InUseError{Place: s.name(), Sessions: sessions}
		}
	}
}

// sessions returns how many sessions of Ration's there are, now: within a
// transaction the server would show those that it first showed.
func (s *server) sessions(ctx context.Context) (count int, err error) {
	if _, err := s.conn.Exec(ctx, "SELECT pg_stat_clear_snapshot()"); err != nil {
		return 0, err
	}
	err = s.conn.QueryRow(ctx, `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = $1`, instanceName).Scan(&count)
	return count, err
}

func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	return s.conn.Close(ctx)
}
