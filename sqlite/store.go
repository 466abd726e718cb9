package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/observe"
)

var (
	_ ration.Store = (*Store)(nil)
	_ admin.Store  = (*Store)(nil)
)

// Store is one SQLite file. Its methods are safe for concurrent use. Methods that
// change something run one after the other, in the order in which they were called.
type Store struct {
	*administration

	path    string
	files   fileIdentity
	clock   *clock
	log     *slog.Logger
	onFatal func(error)

	observer observe.Observer
	keepLog  time.Duration // of the request log; 0: none is written
	tells    []int         // thresholds of limits
	keep     retention     // of history
	lock     *os.File

	// A goroutine that receives a connection from its channel has it until it sends
	// it back. Channels serve in the order of arrival, so an administrator's change
	// waits for at most one batch.
	writer   chan *conn
	readers  chan *conn
	lookedAt int64 // the schema's version when its tables were last found right; only for the goroutine that has the writer
	memory   memory

	checkpoints *checkpointer
	failing     atomic.Bool           // the last transaction failed, and not because of what it was asked to do
	broken      atomic.Pointer[error] // the disk refused to flush
	watching    sync.WaitGroup        // the clock is watched, and what is kept no longer deleted
	closing     chan struct{}
	close       sync.Once
	closed      error // what Close returns; read after close
}

// Lanes returns 1: SQLite has one writer.
func (s *Store) Lanes() int { return 1 }

// Name returns "sqlite", the name of this store in events.
func (s *Store) Name() string { return "sqlite" }

// Close waits for the work under way, moves everything from the write-ahead log to
// the database file, and unlocks the file. Later calls do nothing and return the same
// error.
func (s *Store) Close() error {
	s.close.Do(func() {
		close(s.closing)
		s.closed = s.shutDown()
	})
	return s.closed
}

func (s *Store) shutDown() error {
	s.watching.Wait()
	errs := []error{s.checkpoints.stop()}
	writer := <-s.writer
	for range cap(s.readers) {
		errs = append(errs, (<-s.readers).close())
	}
	if s.broken.Load() == nil {
		_, err := checkpoint(context.Background(), writer, moveAll)
		errs = append(errs, err)
	}
	errs = append(errs, writer.close(), s.lock.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing store %q: %w", s.path, err)
	}
	return nil
}

// now reads the store's clock.
func (s *Store) now() time.Time { return s.clock.now() }

// fail ends all work after the disk refused to flush.
func (s *Store) fail(err error) {
	err = fmt.Errorf("flushing %q: %w", s.path, err)
	if s.broken.CompareAndSwap(nil, &err) {
		s.onFatal(err)
	}
}

// usable returns why the store can't be used, if it can't.
func (s *Store) usable() error {
	if err := s.broken.Load(); err != nil {
		return unavailable("not using the store", *err)
	}
	select {
	case <-s.closing:
		return errClosed
	default:
		return nil
	}
}

// take waits for a connection.
func (s *Store) take(ctx context.Context, from <-chan *conn) (*conn, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	select {
	case c := <-from:
		return c, nil
	case <-s.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, unavailable("waiting for a connection", context.Cause(ctx))
	}
}
