package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// A day of the request log is a partition, so that what is kept no longer goes at
// once. An instance makes the partitions of the next days; any number of them may
// try. What finds no partition, such as where the role may create no tables, is in
// the default one and is deleted in parts.

const (
	logDaysEvery = 10 * time.Minute
	logDaysAhead = 3
	// logLockWait and logChange bound how long charges wait behind a change of the
	// table: until it has its lock, and while it runs, for a new partition looks
	// through the whole default one. Together they are less than charges wait for.
	logLockWait  = 100 * time.Millisecond
	logChange    = 300 * time.Millisecond
	logPartition = "request_log_"
	mostLogRows  = 1000
)

// keepLogDays makes the partitions of the days to come and drops those that are
// kept no longer, until ctx ends.
func (s *Store) keepLogDays(ctx context.Context) {
	ticker := time.NewTicker(logDaysEvery)
	defer ticker.Stop()
	for {
		if err := s.moveLogDays(ctx); err != nil && ctx.Err() == nil {
			s.config.Logger.WarnContext(ctx, "can't maintain the days of the request log", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// moveLogDays goes on after what fails: where the role may create no tables, or a
// day finds no lock, the others come and go all the same.
func (s *Store) moveLogDays(ctx context.Context) error {
	var now time.Time
	var names []string
	inDefault := make(map[ration.PeriodID]bool)
	err := s.read(ctx, "reading the days of the request log", func(ctx context.Context, q querier) error {
		names = nil
		if err := query(ctx, q, "SELECT ration_now()", func(r *row) { now = r.time() }); err != nil {
			return err
		}
		if err := query(ctx, q, logPartitionsSQL, func(r *row) { names = append(names, r.text()) }); err != nil {
			return err
		}
		return query(ctx, q, logDefaultDaysSQL, func(r *row) { inDefault[r.date()] = true }, ration.DateID(now.UTC().Date()).Date())
	})
	if err != nil {
		return err
	}
	if s.suspects(now) {
		return nil
	}
	today, there := ration.DateID(now.UTC().Date()), make(map[string]bool)
	first := ration.DateID(now.Add(-s.config.RequestLog).UTC().Date())
	for _, name := range names {
		there[name] = true
		if day, isDay := logDay(name); isDay && day < first {
			err = errors.Join(err, s.dropLogDay(ctx, name))
		}
	}
	for day := today; day <= today+logDaysAhead; day++ {
		if name := logPartition + logDayText(day, "20060102"); !there[name] && !inDefault[day] {
			made := s.alterLog(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s PARTITION OF request_log FOR VALUES FROM ('%s') TO ('%s')",
				name, logDayText(day, time.DateOnly), logDayText(day+1, time.DateOnly)))
			if state := sqlState(made); state != stateDuplicateTable && state != stateUnique { // another instance was first
				err = errors.Join(err, made)
			}
		}
	}
	return errors.Join(err, s.deleteOldLog(ctx, first))
}

// logDefaultDaysSQL tells which days can get no partition any more, for they have
// begun in the default one: by a clock that was ahead, or before there was any.
const logDefaultDaysSQL = `SELECT DISTINCT day FROM request_log_default WHERE day >= $1`

// logPartitionsSQL names the partitions of request_log that the search path finds.
const logPartitionsSQL = `
SELECT c.relname::text
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'request_log'::regclass`

// alterLog changes the table in a transaction that gives way to charges.
func (s *Store) alterLog(ctx context.Context, change string) error {
	return s.write(ctx, "changing the days of the request log", func(ctx context.Context, t tx) error {
		for setting, limit := range map[string]time.Duration{"lock_timeout": logLockWait, "statement_timeout": logLockWait + logChange} {
			if _, err := t.exec(ctx, fmt.Sprintf("SET LOCAL %s = '%s'", setting, milliseconds(limit))); err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, change)
		return err
	})
}

// dropLogDay drops a day with all that is in it.
func (s *Store) dropLogDay(ctx context.Context, name string) error {
	start, rows := time.Now(), int64(-1)
	err := s.alterLog(ctx, "DROP TABLE IF EXISTS "+name)
	if err != nil {
		rows = 0
	}
	s.observePurge("request_log", start, rows, err)
	return err
}

// deleteOldLog deletes what is kept no longer of what found no partition.
func (s *Store) deleteOldLog(ctx context.Context, first ration.PeriodID) (err error) {
	start, total := time.Now(), int64(0)
	defer func() { s.observePurge("request_log", start, total, err) }()
	for deleted := int64(mostLogRows); deleted == mostLogRows; {
		err := s.write(ctx, "deleting entries of the request log", func(ctx context.Context, t tx) (err error) {
			deleted, err = t.exec(ctx, `
				DELETE FROM request_log_default WHERE ctid = ANY(ARRAY(
				    SELECT ctid FROM request_log_default WHERE day < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))`, first.Date(), mostLogRows)
			return err
		})
		if err != nil {
			return err
		}
		total += deleted
	}
	return nil
}

// logDay returns the day of a partition, by its name.
func logDay(name string) (day ration.PeriodID, isDay bool) {
	text, found := strings.CutPrefix(name, logPartition)
	date, err := time.Parse("20060102", text)
	if !found || err != nil {
		return 0, false
	}
	return ration.DateID(date.Date()), true
}

func logDayText(day ration.PeriodID, layout string) string { return day.Date().Format(layout) }
