package postgres

import (
	"context"
	"errors"
	"os"

	"github.com/ration-dev/ration/internal/pgcommit"
)

// transaction runs one statement as a transaction, in one round trip, with the
// settings that keep its plan from scanning tables.
func (l *lane) transaction(ctx context.Context, s statement, params ...[]byte) error {
	if _, err := l.connect(ctx); err != nil {
		return err
	}
	return l.read(s, ignore, params)
}

// read is transaction on a connection that is there; it calls each with the
// rows of the result.
func (l *lane) read(s statement, each func(*row), params [][]byte) error {
	p := l.conn.begin()
	err := p.transact(s, each, params)
	l.end(p, err)
	return err
}

// end ends a pipeline and its transaction after an error or none, and drops the
// connection if its prepared statements no longer fit the schema, or if it leads
// to a server that became a standby or was left by a promotion. One that was silent
// is a reason to doubt the others.
func (l *lane) end(p pipeline, err error) {
	_ = p.pg.Close() // repeats the error, or says that the connection is gone
	l.conn.endTransaction()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.store.hosts.Doubt()
	}
	if isStale(err) || sqlState(err) == stateReadOnly || errors.Is(err, errForeign) {
		l.drop()
	}
}

func (p pipeline) transact(s statement, each func(*row), params [][]byte) error {
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
