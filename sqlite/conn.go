package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// conn is a connection without database/sql between it and the driver: a batch
// runs hundreds of statements, and each is prepared once. It is for one
// goroutine at a time.
type conn struct {
	driver.Conn
	prepared map[string]*prepared
	lists    map[string]*listQuery // of administration, by their text
	args     []driver.NamedValue   // of the statement that runs
	changed  change                // by statements of the transaction
}

// prepared is a statement that was prepared, and what it changes.
type prepared struct {
	statement
	changes change
}

// statement is what the driver's prepared statements can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func newConn(inner driver.Conn) *conn {
	return &conn{Conn: inner, prepared: make(map[string]*prepared), lists: make(map[string]*listQuery)}
}

// exec runs a statement and returns how many rows it changed. Values are int64,
// string, []byte or nil.
func (c *conn) exec(ctx context.Context, query string, values ...any) (int64, error) {
	statement, err := c.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	c.changed |= statement.changes
	result, err := statement.ExecContext(ctx, c.bind(values))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query calls each with every row in turn, which is valid until each returns.
func (c *conn) query(ctx context.Context, query string, values []any, each func(*row) error) (err error) {
	statement, err := c.prepare(ctx, query)
	if err != nil {
		return err
	}
	c.changed |= statement.changes
	rows, err := statement.QueryContext(ctx, c.bind(values))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns := rows.Columns()
	current := row{columns: columns, values: make([]driver.Value, len(columns))}
	for {
		switch err := rows.Next(current.values); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := errors.Join(each(&current), current.err); err != nil {
			return err
		}
	}
}

// number returns the number that is a query's whole answer.
func (c *conn) number(ctx context.Context, query string) (number int64, err error) {
	err = c.query(ctx, query, nil, func(r *row) error {
		number = r.int(0)
		return nil
	})
	return number, err
}

// release ends the prepared statements and leaves the connection open.
func (c *conn) release() error {
	var errs []error
	for _, statement := range c.prepared {
		errs = append(errs, statement.Close())
	}
	clear(c.prepared)
	return errors.Join(errs...)
}

func (c *conn) close() error { return errors.Join(c.release(), c.Close()) }

func (c *conn) prepare(ctx context.Context, query string) (*prepared, error) {
	if known, ok := c.prepared[query]; ok {
		return known, nil
	}
	preparer, ok := c.Conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("preparing a statement: the driver's connection is a %T", c.Conn)
	}
	fresh, err := preparer.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	inner, ok := fresh.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("preparing a statement: the driver's statement is a %T", fresh), fresh.Close())
	}
	c.prepared[query] = &prepared{inner, changeBy(query)}
	return c.prepared[query], nil
}

// bind numbers the values as the driver wants them. The result is valid until
// the next call.
func (c *conn) bind(values []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, value := range values {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: value})
	}
	return c.args
}
