package dbcopy

import (
	"context"
	"iter"
)

// side is the source or the target of a copy.
type side interface {
	// name tells the place, without a password.
	name() string
	// begin begins a transaction, of which there is one at a time. That of a source
	// reads what was there at one instant.
	begin(ctx context.Context) (transaction, error)
	// refuseInUse returns an [InUseError] if something of Ration's runs on it.
	refuseInUse(ctx context.Context) error
	close() error
}

// transaction is what both databases can do. Statements are written for both;
// their parameters are ?1, ?2 and so on. One that returns rows must be read to its
// end, or stopped, before the next.
type transaction interface {
	exec(ctx context.Context, statement string, values ...any) (changed int64, err error)
	number(ctx context.Context, query string) (int64, error)
	text(ctx context.Context, query string) (string, error)
	// rows returns all rows of a table, in its order.
	rows(ctx context.Context, t table, columns []column) iter.Seq2[row, error]
	insert(ctx context.Context, t table, columns []column, rows []row) error
	commit(ctx context.Context) error
	// rollback does nothing after commit.
	rollback(ctx context.Context) error
}

// stream is rows that are read one by one.
type stream struct {
	next func() (row, error, bool)
	stop func()
}

func newStream(rows iter.Seq2[row, error]) stream {
	next, stop := iter.Pull2(rows)
	return stream{next, stop}
}

// read returns the next row; more is false after the last.
func (s stream) read() (r row, more bool, err error) {
	r, err, more = s.next()
	return r, more && err == nil, err
}
