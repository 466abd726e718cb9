package postgres

import (
	"context"
	"errors"
	"os"
	"time"
)

// lane has one connection for decisions and the buffers for its parameters.
// Whoever took it from Store.lanes has it alone.
type lane struct {
	store *Store
	conn  *conn // nil, or perhaps broken

	keys, free, stuck array // all of a batch; those to wait for; those not to wait for
	meterKeys, meters array
	named             array    // meters
	sent              [2]array // secrets: key id, secret id
	readings          []reading
	writes            *writes
	written           int // how many statements of writes were sent
}

func newLane(store *Store) *lane {
	return &lane{
		store: store, keys: newUUIDs(), free: newUUIDs(), stuck: newUUIDs(), meterKeys: newUUIDs(), meters: newTexts(), named: newTexts(),
		sent: [...]array{newUUIDs(), newUUIDs()}, readings: newReadings(), writes: newWrites(),
	}
}

// connect makes sure of a connection, as far as can be known without asking the
// server. It reports whether it is a new one. A connection that was begun is
// finished also when ctx ends: the next callers need it too, and callers in a
// hurry would never have one from a server that is slow to accept, but flood it
// with beginnings.
func (l *lane) connect(ctx context.Context) (fresh bool, err error) {
	if l.conn != nil && !l.conn.pg.IsClosed() && !l.store.hosts.Stale(l.conn.pg) {
		return false, nil
	}
	l.drop()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	l.conn, err = l.store.dial(context.WithoutCancel(ctx))
	if err == nil {
		err = ctx.Err() // nothing is charged for those who have gone meanwhile
	}
	return true, err
}

// drop closes the connection, if there is one.
func (l *lane) drop() {
	if l.conn != nil {
		l.store.ending(l.conn.close())
		l.conn = nil
	}
}

// runSingle runs one statement as a transaction, in one round trip, with the
// settings that keep its plan from scanning tables.
func (l *lane) runSingle(ctx context.Context, s statement, params ...[]byte) error {
	if _, err := l.connect(ctx); err != nil {
		return err
	}
	return l.readSingle(s, ignore, params)
}

// readSingle is runSingle on a connection that is there; it calls each with the
// rows of the result.
func (l *lane) readSingle(s statement, each func(*row), params [][]byte) error {
	p := l.conn.begin()
	err := p.single(s, each, params)
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

// takeLane waits for a lane of its own; giveLane gives it back.
func (s *Store) takeLane(ctx context.Context) (*lane, error) {
	select {
	case l := <-s.lanes:
		return l, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Store) giveLane(l *lane) { s.lanes <- l }

// suspects reports whether the database's clock and the instance's disagree.
func (s *Store) suspects(now time.Time) bool {
	return now.Sub(s.config.InstanceClock()).Abs() > maxClockDifference
}
