package postgres

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/pgcommit"
)

// pipeline sends statements and reads their results in order.
type pipeline struct {
	conn *conn
	pg   *pgconn.Pipeline
}

// begin begins a transaction with the settings that it needs: two results.
func (p pipeline) begin() {
	p.send(stmtBegin)
	p.send(p.conn.lineage.settings(), p.conn.settings...)
}

// readSettings refuses a server whose durability was switched off since the
// connection was made, one that was left by a promotion meanwhile, or another one
// to which a pooler now leads.
func (p pipeline) readSettings() error {
	return p.conn.lineage.heed(p.read(func(r *row) {
		unsafe := r.durability()
		if p.conn.accept {
			unsafe = nil
		}
		p.conn.told = r.text()
		r.err = errors.Join(unsafe, p.conn.lineage.check(p.conn.told))
	}))
}

// send sends a prepared statement, or through a pooler an unnamed one: names are
// the session's, which may be another one next time. The settings of the
// transaction govern the plan of either.
func (p pipeline) send(s statement, params ...[]byte) {
	if p.conn.pooled {
		p.pg.SendQueryParams(statementSQL[s], params, nil, binary1, binary1)
		return
	}
	p.pg.SendQueryStatement(p.conn.statements[s], params, binary1, binary1)
}

// sync sends what is queued and lets the server answer at once.
func (p pipeline) sync() error {
	if err := p.conn.pg.Conn().SetDeadline(time.Now().Add(p.conn.round)); err != nil {
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

// skip reads the next result and looks at nothing but its error.
func (p pipeline) skip() error {
	_, err := p.run()
	return err
}

// synced reads the end of a round trip.
func (p pipeline) synced() error {
	_, err := p.pg.GetResults()
	return err
}

// single runs one statement as a transaction.
func (p pipeline) single(s statement, each func(*row), params [][]byte) error {
	p.begin()
	p.send(s, params...)
	p.send(stmtCommit)
	if err := p.sync(); err != nil {
		return err
	}
	read := func(each func(*row)) func() error { return func() error { return p.read(each) } }
	for _, next := range []func() error{read(ignore), p.readSettings, read(each), read(ignore)} {
		if err := next(); err != nil {
			return err
		}
	}
	if err := p.synced(); err != nil {
		return err
	}
	if warning := p.conn.takeWarning(); warning != "" {
		return &clientError{pgcommit.WarningError(warning)}
	}
	return nil
}

func ignore(*row) {}
