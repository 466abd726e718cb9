package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// readySQL asks for what a commit needs beside the settings of a transaction.
const readySQL = `
SELECT current_setting('transaction_read_only'), ` + versionSQL + `, ` + leastSQL + `, ration_now()`

// Ready implements [ration.Store]. Errors: [ration.ErrStoreUnavailable];
// [ErrUnsafeDurability]; [ErrAltered]; [ration.ErrClockSuspect]; a [SchemaError], if
// a later build has made a schema on which this build can't run. It returns when ctx
// ends, but does not cancel what it has sent.
func (s *Store) Ready(ctx context.Context) error {
	if !s.enter() {
		return errClosed
	}
	answer := make(chan error, 1)
	go func() {
		defer s.leave()
		answer <- s.askReady(ctx)
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

func (s *Store) askReady(ctx context.Context) error {
	var problem error
	err := s.lookUp(ctx, stmtReady, func(r *row) {
		readOnly := r.text()
		misfit := checkSchema(admin.Schema{Version: r.int(), Least: r.int()}, s.ownSchema)
		switch now := r.time(); {
		case readOnly != "off":
			problem = errReadOnly
		case misfit != nil:
			problem = misfit
		case s.suspects(now):
			problem = fmt.Errorf("%w: the database's is at %s", ration.ErrClockSuspect, now.Format("2006-01-02T15:04:05Z"))
		}
	})
	if err != nil {
		return unavailable(err)
	}
	if problem != nil {
		return problem
	}
	var faults tableFaults
	if err := s.lookUp(ctx, stmtTables, faults.add, s.tablesParams()...); err != nil {
		return unavailable(err)
	}
	var w waiting
	if err := s.lookUp(ctx, stmtWaiting, func(r *row) { w = r.waiting() }); err != nil {
		return unavailable(err)
	}
	return errors.Join(s.config.accepted(faults.err()), w.err())
}
