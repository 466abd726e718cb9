package postgres

import "context"

// transaction runs one statement as a transaction, in one round trip.
func (l *lane) transaction(ctx context.Context, s statement, params ...[]byte) error {
	if _, err := l.connect(ctx); err != nil {
		return err
	}
	p := l.conn.begin()
	err := l.runTransaction(p, s, params)
	_ = p.pg.Close() // repeats the error, or says that the connection is gone
	l.conn.endTransaction()
	return err
}

func (l *lane) runTransaction(p pipeline, s statement, params [][]byte) error {
	p.send(stmtBegin)
	p.send(stmtSettings)
	p.send(s, params...)
	p.send(stmtCommit)
	if err := p.sync(); err != nil {
		return err
	}
	for range 4 {
		if _, err := p.run(); err != nil {
			return err
		}
	}
	return p.synced()
}
