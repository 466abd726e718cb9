package sqlite

import (
	"context"
	"errors"
	"fmt"

	driversqlite "modernc.org/sqlite"
)

// Commits append pages to the write-ahead log; a checkpoint moves them to the
// database file. Commits never do that themselves. A goroutine does, on a
// connection of its own, while commits go on. The log starts anew, in the place
// it has on disk already, where a checkpoint has caught up with it, which under
// load it does only while the writer stands still for a moment.

// logLimits are numbers of pages.
type logLimits struct {
	checkpoint int   // so many new ones in the log start a checkpoint
	restart    int64 // a log of so many is made to start anew
	lag        int64 // so many may be left to move while the writer stands still
}

// restartTries is how many checkpoints try to leave no more than the lag.
const restartTries = 4

// The modes of a checkpoint: one waits for nobody and moves what it can, the
// other waits for all and leaves an empty log.
const (
	moveSome = "PRAGMA wal_checkpoint(PASSIVE)"
	moveAll  = "PRAGMA wal_checkpoint(TRUNCATE)"
)

// checkpointer is the goroutine that moves pages out of the log.
type checkpointer struct {
	store  *Store
	conn   *conn
	limits logLimits
	pages  int // new in the log since the last wake; whoever has the writer counts
	wake   chan struct{}
	end    chan struct{}
	ended  chan struct{}
}

func newCheckpointer(store *Store, conn *conn, limits logLimits) *checkpointer {
	c := &checkpointer{
		store: store, conn: conn, limits: limits,
		wake: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{}),
	}
	go c.run()
	return c
}

// note counts what the writer has written since it was called last, and wakes
// the goroutine where it is time.
func (c *checkpointer) note(writer *conn) {
	counter, ok := writer.Conn.(driversqlite.DBStatus)
	if !ok {
		return
	}
	pages, _, err := counter.Status(driversqlite.DBStatusCacheWrite, true)
	if err != nil {
		return
	}
	c.pages += pages
	if c.pages < c.limits.checkpoint {
		return
	}
	c.pages = 0
	c.rouse()
}

// rouse wakes the goroutine, however little there is to move.
func (c *checkpointer) rouse() {
	select {
	case c.wake <- struct{}{}:
	default: // awake
	}
}

// stop ends the goroutine after the checkpoint under way, and its connection.
func (c *checkpointer) stop() error {
	close(c.end)
	<-c.ended
	return c.conn.close()
}

func (c *checkpointer) run() {
	defer close(c.ended)
	for {
		select {
		case <-c.end:
			return
		case <-c.wake:
		}
		if err := c.catchUp(context.Background()); err != nil && !errors.Is(err, errClosed) {
			// Commits still work and nothing is lost; the log grows.
			c.store.log.Error("can't move pages from the write-ahead log to the database", "path", c.store.path, "error", err)
		}
	}
}

// catchUp moves what is in the log, and lets a long log start anew.
func (c *checkpointer) catchUp(ctx context.Context) error {
	var state logState
	var err error
	for range restartTries {
		if state, err = c.checkpoint(ctx); err != nil || state.pages-state.moved <= c.limits.lag {
			break
		}
	}
	if err != nil || state.pages < c.limits.restart {
		return err
	}
	writer, err := c.store.take(ctx, c.store.writer)
	if err != nil {
		return err
	}
	defer func() { c.store.writer <- writer }()
	_, err = c.checkpoint(ctx)
	return err
}

func (c *checkpointer) checkpoint(ctx context.Context) (logState, error) {
	state, err := checkpoint(ctx, c.conn, moveSome)
	if isFlushFailure(err) {
		c.store.fail(err)
	}
	return state, err
}

// moveSchema moves a new schema from the log to the file: the file must have grown
// by it before the log can take the disk's last room, or nothing could be moved any
// more. Only a flush that fails is an error. Anything else is tried again later,
// because on a full disk a store can still be read.
func moveSchema(ctx context.Context, conn *conn) error {
	if _, err := checkpoint(ctx, conn, moveSome); isFlushFailure(err) {
		return err
	}
	return nil
}

// logState is how many pages the log has and how many of them were moved.
type logState struct{ pages, moved int64 }

func checkpoint(ctx context.Context, conn *conn, mode string) (state logState, err error) {
	err = conn.query(ctx, mode, nil, func(r *row) error {
		state = logState{pages: r.int(1), moved: r.int(2)}
		return nil
	})
	if err != nil {
		return state, fmt.Errorf("checkpointing: %w", err)
	}
	return state, nil
}
