package dbcopy

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// chunkRows is how many rows a transaction writes.
const chunkRows = 5_000

// Config says what is copied where.
type Config struct {
	From, To Place // one a file, the other on a server
	// Progress is told how many rows will be read, and returns what is told how
	// many were. Nil: nobody.
	Progress func(total int) (done func(int))
}

// Run copies all tables and compares them, and returns what source and target
// hold. With an error it returns as much of it as it has seen; the target is then
// as it was before, or bears the mark, and running it again goes on where it was.
//
// Errors, by errors.Is and errors.As: [OpenError], with what opening a store gives
// as its cause; [InUseError] and sqlite.ErrLocked if something runs on one of them;
// [NotEmptyError] and [OtherSourceError] if the target is another's; [MismatchError].
func Run(ctx context.Context, config Config) (_ []Compared, err error) {
	return run(ctx, config, chunkRows)
}

func run(ctx context.Context, config Config, chunk int) (compared []Compared, err error) {
	if (config.From.URL == "") == (config.To.URL == "") {
		return nil, errors.New("one database must be a SQLite file and the other on a PostgreSQL server")
	}
	c := &copier{chunk: chunk, attempt: uuid.NewString(), columns: make(map[string][]column)}
	if c.from, err = openSource(ctx, config.From); err != nil {
		return nil, &OpenError{"source", err}
	}
	defer func() { err = errors.Join(err, c.from.close()) }()
	if c.to, err = openTarget(ctx, config.To); err != nil {
		return nil, &OpenError{"target", err}
	}
	defer func() { err = errors.Join(err, c.to.close()) }()
	if c.source, err = c.from.begin(ctx); err != nil {
		return nil, fmt.Errorf("reading the source: %w", err)
	}
	defer func() { err = errors.Join(err, c.source.rollback(ctx)) }()
	if err := c.prepare(ctx); err != nil {
		return nil, fmt.Errorf("preparing the target: %w", err)
	}
	if err := c.expect(ctx, config.Progress); err != nil {
		return nil, fmt.Errorf("reading the source: %w", err)
	}
	compared, err = c.run(ctx)
	return compared, explain(err)
}

// copier is one run of a copy.
type copier struct {
	from, to side
	source   transaction // of from, for all of the run
	columns  map[string][]column
	attempt  string
	chunk    int
	progress func(int)
	rows     int // read of the source
}

// run fills the tables and compares them, that by which secrets are admitted last.
func (c *copier) run(ctx context.Context) (compared []Compared, err error) {
	for _, table := range tables {
		if err := c.fill(ctx, table); err != nil {
			return nil, fmt.Errorf("copying table %s: %w", table.name, err)
		}
	}
	if compared, err = c.compareAll(ctx); err != nil {
		return compared, err
	}
	last, err := c.admit(ctx)
	if commit, ok := errors.AsType[*commitError](err); ok {
		commit.last = true
	}
	if err != nil {
		err = fmt.Errorf("copying table %s: %w", admission.name, err)
	}
	return append(compared, last...), err
}

// fill compares the rows of a table that an earlier attempt left, and adds the rest.
func (c *copier) fill(ctx context.Context, t table) error {
	source := newStream(c.source.rows(ctx, t, c.columns[t.name]))
	defer source.stop()
	if err := c.skipPresent(ctx, t, source); err != nil {
		return err
	}
	for {
		rows, err := c.nextChunk(source)
		if len(rows) == 0 || err != nil {
			return err
		}
		err = c.write(ctx, func(tx transaction) error { return tx.insert(ctx, t, c.columns[t.name], rows) })
		if err != nil {
			return err
		}
	}
}

// skipPresent reads as many rows of the source as the target has, which must be
// the same: the target was filled in this order.
func (c *copier) skipPresent(ctx context.Context, t table, source stream) error {
	tx, err := c.to.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.rollback(ctx) }() // of what only reads
	target := newStream(tx.rows(ctx, t, c.columns[t.name]))
	defer target.stop()
	for {
		present, more, err := target.read()
		if !more || err != nil {
			return err
		}
		wanted, more, err := c.read(source)
		if err != nil {
			return err
		}
		if !more || !present.equal(wanted) {
			return &MismatchError{[]string{t.name}}
		}
	}
}

// read reads a row of the source.
func (c *copier) read(source stream) (row, bool, error) {
	r, more, err := source.read()
	if more {
		c.rows++
		c.progress(c.rows)
	}
	return r, more, err
}

func (c *copier) nextChunk(source stream) (rows []row, err error) {
	for len(rows) < c.chunk {
		r, more, err := c.read(source)
		if !more || err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// write runs a transaction on the target while no other attempt does.
func (c *copier) write(ctx context.Context, do func(transaction) error) error {
	tx, err := c.to.begin(ctx)
	if err != nil {
		return err
	}
	err = hold(ctx, tx, c.attempt)
	if err == nil {
		err = do(tx)
	}
	if err != nil {
		return errors.Join(err, tx.rollback(ctx))
	}
	if err := tx.commit(ctx); err != nil {
		return &commitError{err: err}
	}
	return nil
}

// admit fills the last table, compares it and takes the mark away, in one
// transaction.
func (c *copier) admit(ctx context.Context) (compared []Compared, err error) {
	err = c.write(ctx, func(tx transaction) error {
		source := newStream(c.source.rows(ctx, admission, c.columns[admission.name]))
		defer source.stop()
		for {
			rows, err := c.nextChunk(source)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				break
			}
			if err := tx.insert(ctx, admission, c.columns[admission.name], rows); err != nil {
				return err
			}
		}
		if compared, err = c.compare(ctx, tx, admission); err != nil {
			return err
		}
		if err := c.from.refuseInUse(ctx); err != nil { // what was charged meanwhile would be lost
			return err
		}
		if err := keepLeast(ctx, c.source, tx); err != nil {
			return err
		}
		if err := goOnNumbering(ctx, tx); err != nil {
			return err
		}
		return unmark(ctx, tx)
	})
	return compared, err
}
