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
)

const (
	// dialTimeout bounds a new connection with all that is prepared on it.
	dialTimeout = 3 * time.Second
	// roundTimeout bounds a round trip. What it cuts off is resolved on another connection.
	roundTimeout = 3 * time.Second
)

// conn is a connection with the statements of decisions prepared. One goroutine
// at a time uses it. A broken one is closed and not used again.
type conn struct {
	pg         *pgconn.PgConn
	statements [statementCount]*pgconn.StatementDescription
	warning    string // SQLSTATE of the last warning, until it is taken
	accept     bool   // unsafe durability
	connected  atomic.Bool
}

var errNeverCancel = errors.New("what was sent to the server is not cancelled")

// binary1 is the format of all parameters and results.
var binary1 = []int16{pgx.BinaryFormatCode}

// dial opens a connection, refuses an unsafe server and prepares.
func dial(ctx context.Context, config *pgconn.Config, acceptUnsafe bool) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c := &conn{accept: acceptUnsafe}
	config = config.Copy()
	config.DialFunc = c.neverCancelling(config.DialFunc)
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		if notice.SeverityUnlocalized == "WARNING" {
			c.warning = notice.Code
		}
	}
	pg, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	c.pg = pg
	c.connected.Store(true)
	if err := errors.Join(c.check(ctx), c.prepare(ctx)); err != nil {
		_ = pg.Close(ctx)
		return nil, err
	}
	return c, nil
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

// check refuses a server that is too old or not durable.
func (c *conn) check(ctx context.Context) error {
	result := c.pg.ExecParams(ctx, serverSQL, nil, nil, nil, binary1).Read()
	if result.Err != nil {
		return fmt.Errorf("asking the database server for its settings: %w", result.Err)
	}
	r := row{columns: result.Rows[0]}
	fsync, fullPageWrites, standby, version := r.text(), r.text(), r.bool(), r.int32()
	if err := errors.Join(r.err, checkVersion(version)); err != nil {
		return err
	}
	if c.accept {
		return nil
	}
	return checkDurability(fsync, fullPageWrites, standby)
}

func (c *conn) prepare(ctx context.Context) error {
	pipeline := c.pg.StartPipeline(ctx)
	for s, sql := range statementSQL {
		pipeline.SendPrepare(fmt.Sprintf("ration_%d", s), sql, nil)
	}
	err := pipeline.Sync()
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
	c.warning = ""
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

func (c *conn) takeWarning() string {
	warning := c.warning
	c.warning = ""
	return warning
}

// pipeline sends prepared statements and reads their results in order.
type pipeline struct {
	conn *conn
	pg   *pgconn.Pipeline
}

func (p pipeline) send(s statement, params ...[]byte) {
	p.pg.SendQueryStatement(p.conn.statements[s], params, binary1, binary1)
}

// sync sends what is queued and lets the server answer at once.
func (p pipeline) sync() error {
	if err := p.conn.pg.Conn().SetDeadline(time.Now().Add(roundTimeout)); err != nil {
		return err
	}
	return p.pg.Sync()
}

// read calls each with the rows of the next result. The row is valid until each returns.
func (p pipeline) read(each func(*row)) error {
	result, err := p.pg.GetResults()
	if err != nil {
		return err
	}
	reader, ok := result.(*pgconn.ResultReader)
	if !ok {
		return errColumn
	}
	var r row
	for reader.NextRow() {
		r = row{columns: reader.Values(), err: r.err}
		each(&r)
	}
	if _, err := reader.Close(); err != nil {
		return err
	}
	if r.err != nil {
		return &clientError{r.err}
	}
	return nil
}

// run reads the next result and returns its command tag.
func (p pipeline) run() (string, error) {
	result, err := p.pg.GetResults()
	if err != nil {
		return "", err
	}
	reader, ok := result.(*pgconn.ResultReader)
	if !ok {
		return "", errColumn
	}
	tag, err := reader.Close()
	return tag.String(), err
}

// synced reads the end of a round trip.
func (p pipeline) synced() error {
	_, err := p.pg.GetResults()
	return err
}
