package sqlite

import (
	"context"
	"errors"
	"time"
)

// readerCount bounds the reads that run at once.
const readerCount = 4

// read runs do on a connection that sees all that was committed before and,
// until do returns, nothing later. It can't change anything.
func (s *Store) read(ctx context.Context, do func(*conn) error) error {
	reader, err := s.take(ctx, s.readers)
	if err != nil {
		return err
	}
	defer func() { s.readers <- reader }()
	// Also where BEGIN fails: when ctx ends as it is done, the driver says that it
	// was not. Its only own failure is that there is no transaction.
	defer func() { _, _ = reader.exec(context.WithoutCancel(ctx), "ROLLBACK") }()
	if _, err := reader.exec(ctx, "BEGIN"); err != nil {
		return s.explainRead(ctx, err)
	}
	return s.explainRead(ctx, do(reader))
}

// explainRead is explain for a read. If its context ended meanwhile, the driver says so in
// the context's words or in SQLite's.
func (s *Store) explainRead(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		return unavailable("reading", err)
	}
	return s.explain("reading", err)
}

// ReportPause implements admin.Usage. Reports are read in the process that decides: a
// fifth of one processor is theirs.
func (*Store) ReportPause(took time.Duration) time.Duration { return 4 * took }
