package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/pgcommit"
	"github.com/ration-dev/ration/internal/pghosts"
	"github.com/ration-dev/ration/internal/pooler"
	"github.com/ration-dev/ration/observe"
)

// conn is a connection for the statements of decisions, which are prepared on it
// unless a pooler is between. One goroutine at a time uses it. A broken one is
// closed and not used again.
type conn struct {
	pg         *pgconn.PgConn
	pooled     bool // the next transaction may be another session's
	statements [statementCount]*pgconn.StatementDescription
	settings   [][]byte // parameters of settingsSQL
	lineage    *lineage
	told       string // by lineageColumn, last
	round      time.Duration
	accept     bool  // unsafe durability
	accepted   error // what makes it unsafe; nil: nothing
	connected  atomic.Bool
}

var errNeverCancel = errors.New("what was sent to the server is not cancelled")

// binary1 is the format of all parameters and results.
var binary1 = []int16{pgx.BinaryFormatCode}

// dial opens a connection, refuses an unsafe server and changed tables, and prepares.
// Each of the three has as long as a server may be silent. One that falls silent is
// noticed as soon as if they shared that time, for it can hold up only one of them; and
// one that is slow, but answers, is reached.
func (s *Store) dial(ctx context.Context) (*conn, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	err = within(ctx, func(ctx context.Context) error { return s.accept(ctx, c) })
	if err == nil && !c.pooled {
		err = within(ctx, c.prepare)
	}
	if err != nil {
		_ = within(ctx, c.pg.Close)
		return nil, err
	}
	return c, nil
}

// within runs a step that gets as long as a server may be silent.
func within(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, pghosts.Timeout)
	defer cancel()
	return step(ctx)
}

// connect opens a connection to the server that is chosen among the URL's.
func (s *Store) connect(ctx context.Context) (*conn, error) {
	config := s.decisions.Copy()
	if err := s.hosts.Choose(ctx, config); err != nil {
		return nil, err
	}
	c := &conn{lineage: s.lineage, accept: s.config.AcceptUnsafeDurability, round: s.config.timeouts.round}
	for _, setting := range settingsOf(s.searchPath, s.config.timeouts) {
		c.settings = append(c.settings, []byte(setting))
	}
	config.DialFunc = c.neverCancelling(config.DialFunc)
	config.OnNotice = pgcommit.NoteWarning
	err := within(ctx, func(ctx context.Context) (err error) {
		c.pg, err = pgconn.ConnectConfig(ctx, config)
		return err
	})
	c.connected.Store(err == nil)
	return c, err
}

// accept refuses an unsafe server and changed tables.
func (s *Store) accept(ctx context.Context, c *conn) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	s.observeWeakness(observe.WeaknessUnsafeDurability, c.accepted)
	return s.checkTables(ctx, c.pg)
}

// neverCancelling makes dialling fail once there is a connection. All that pgx
// would dial for then is to cancel what the server does when the connection
// breaks; but a COMMIT that waits for its standby and is cancelled is committed
// without it, and would be found so when its batch is resolved.
func (c *conn) neverCancelling(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if c.connected.Load() {
			return nil, errNeverCancel
		}
		return dial(ctx, network, address)
	}
}

// check refuses a server that is too old or not durable, and notices a pooler.
// One that is none costs some time and nothing else.
func (c *conn) check(ctx context.Context) error {
	result := c.pg.ExecParams(ctx, serverSQL, nil, nil, nil, binary1).Read()
	if result.Err != nil {
		return fmt.Errorf("asking the database server for its settings: %w", result.Err)
	}
	r := row{columns: result.Rows[0]}
	unsafe, version, pid := r.durability(), r.int32(), r.int32()
	c.pooled = pooler.Between(c.pg.PID(), pid)
	if err := errors.Join(r.err, checkVersion(version)); err != nil || c.accept {
		c.accepted = unsafe
		return err
	}
	if unsafe == nil {
		unsafe = checkWarnings(ctx, c.pg)
	}
	return unsafe
}

// sessionSQL sets the session's search path, because what is prepared is planned
// anew when it is run with another one, and lets the server notice within seconds
// that this machine has gone without a word: if that happens in the midst of a
// message, no other timeout ends the transaction and its locks.
const sessionSQL = `
SELECT set_config('search_path', $1, false), set_config('tcp_keepalives_idle', '3', false),
       set_config('tcp_keepalives_interval', '1', false), set_config('tcp_keepalives_count', '3', false)`

// prepare makes the session fit for what is sent on it, and prepares that.
func (c *conn) prepare(ctx context.Context) error {
	pipeline := c.pg.StartPipeline(ctx)
	pipeline.SendQueryParams(sessionSQL, c.settings[:1], nil, binary1, binary1)
	for s, sql := range statementSQL {
		pipeline.SendPrepare(fmt.Sprintf("ration_%d", s), sql, nil)
	}
	err := pipeline.Sync()
	if err == nil {
		_, err = pipeline.GetResults()
	}
	for s := 0; s < len(statementSQL) && err == nil; s++ {
		var result any
		if result, err = pipeline.GetResults(); err == nil {
			c.statements[s] = result.(*pgconn.StatementDescription)
			c.statements[s].Name = fmt.Sprintf("ration_%d", s)
		}
	}
	if err := errors.Join(err, pipeline.Close()); err != nil {
		return fmt.Errorf("preparing statements: %w", err)
	}
	return nil
}

// begin starts a pipeline, which close must end.
func (c *conn) begin() pipeline {
	c.takeWarning()
	// The background context, because what was sent is not cancelled, and because
	// watching any other costs a goroutine; sync sets deadlines.
	return pipeline{conn: c, pg: c.pg.StartPipeline(context.Background())}
}

// endTransaction rolls back what is still open, so that its locks are free, and
// closes the connection if that can't be done. After COMMIT nothing is open.
func (c *conn) endTransaction() {
	const idle = 'I'
	if c.pg.IsClosed() || c.pg.TxStatus() == idle {
		return
	}
	p := c.begin()
	p.send(stmtRollback)
	err := p.sync()
	if err == nil {
		_, err = p.run()
	}
	if errors.Join(err, p.pg.Close()) != nil || c.pg.TxStatus() != idle {
		c.close()
	}
}

// close ends the session. Done is closed when nothing of it runs here any more.
func (c *conn) close() (done <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.pg.Close(ctx)
	_ = c.pg.Conn().Close() // where it was broken, pgx would listen for 15 s more
	return c.pg.CleanupDone()
}

func (c *conn) takeWarning() string { return pgcommit.TakeWarning(c.pg) }
