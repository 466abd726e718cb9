package sqlite

import (
	"context"
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
		return s.explain("reading", err)
	}
	if err := do(reader); err != nil {
		return s.explain("reading", err)
	}
	return nil
}

// ReportPause implements admin.Usage. Reports are read in the process that decides: a
// fifth of one processor is theirs.
func (*Store) ReportPause(took time.Duration) time.Duration { return 4 * took }
