package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/observe"
)

const (
	purgeEvery = time.Minute
	// purgeAtOnce bounds how long charges wait for a purge.
	purgeAtOnce = 500
)

// purge deletes what is kept no longer, by the index of its time. Of history it notes
// from when on it is complete.
type purge struct {
	table, what, find, remove string
	before                    func(now time.Time) any
	note                      string // what is written of the time if something was removed; empty: nothing
}

func (s *Store) purges() []purge {
	all := []purge{
		{
			"reservations", "ended reservations",
			"SELECT count(*) FROM (SELECT 1 FROM reservations WHERE ended_at IS NOT NULL AND ended_at < ? LIMIT 1)",
			`DELETE FROM reservations WHERE (api_key_id, id) IN (
				SELECT api_key_id, id FROM reservations WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?)`,
			func(now time.Time) any { return micros(now.Add(-ration.ReservationRetention)) }, "",
		},
		{
			"idempotency_keys", "idempotency keys",
			"SELECT count(*) FROM (SELECT 1 FROM idempotency_keys WHERE created_at < ? LIMIT 1)",
			`DELETE FROM idempotency_keys WHERE (api_key_id, key) IN (
				SELECT api_key_id, key FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)`,
			func(now time.Time) any { return micros(now.Add(-ration.IdempotencyRetention)) }, "",
		},
		{
			"refunds", "refunds",
			"SELECT count(*) FROM (SELECT 1 FROM refunds WHERE period <> 'lifetime' AND created_at < ? LIMIT 1)",
			`DELETE FROM refunds WHERE (api_key_id, meter, period, label) IN (
				SELECT api_key_id, meter, period, label FROM refunds WHERE period <> 'lifetime' AND created_at < ? ORDER BY created_at LIMIT ?)`,
			func(now time.Time) any { return micros(now.Add(-ledger.RefundRetention)) }, "",
		},
	}
	all = append(all, purge{
		"leases", "leases that have expired",
		"SELECT count(*) FROM (SELECT 1 FROM leases WHERE expires_at < ? LIMIT 1)",
		`DELETE FROM leases WHERE (api_key_id, id, meter) IN (
			SELECT api_key_id, id, meter FROM leases WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
		func(now time.Time) any { return micros(now.Add(-ledger.LeaseRetention)) }, "",
	})
	all = append(all, purge{
		"admin_answers", "answers to administrators",
		"SELECT count(*) FROM (SELECT 1 FROM admin_answers WHERE created_at < ? LIMIT 1)",
		"DELETE FROM admin_answers WHERE id IN (SELECT id FROM admin_answers WHERE created_at < ? ORDER BY created_at LIMIT ?)",
		func(now time.Time) any { return micros(now.Add(-admin.AnswerRetention)) }, "",
	})
	all = append(all, purge{
		"event_marks", "marks of events",
		"SELECT count(*) FROM (SELECT 1 FROM event_marks WHERE ends_at IS NOT NULL AND ends_at < ? LIMIT 1)",
		`DELETE FROM event_marks WHERE (api_key_id, mark) IN (
			SELECT api_key_id, mark FROM event_marks WHERE ends_at IS NOT NULL AND ends_at < ? ORDER BY ends_at LIMIT ?)`,
		func(now time.Time) any { return micros(now) }, "",
	})
	all = append(all, purge{
		"jobs", "jobs that have finished",
		"SELECT count(*) FROM (SELECT 1 FROM jobs WHERE finished_at IS NOT NULL AND finished_at < ? LIMIT 1)",
		"DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at IS NOT NULL AND finished_at < ? ORDER BY finished_at LIMIT ?)",
		func(now time.Time) any { return micros(now.Add(-admin.JobRetention)) }, "",
	})
	for _, table := range []string{"sessions", "login_links"} {
		all = append(all, purge{
			table, "old " + strings.ReplaceAll(table, "_", " "),
			"SELECT count(*) FROM (SELECT 1 FROM " + table + " WHERE expires_at < ? LIMIT 1)",
			"DELETE FROM " + table + " WHERE id IN (SELECT id FROM " + table + " WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
			func(now time.Time) any { return micros(now.Add(-admin.SessionRetention)) }, "",
		})
	}
	all = append(all, s.keep.purges()...)
	if s.keepLog > 0 {
		all = append(all, purge{
			"request_log", "entries of the request log",
			"SELECT count(*) FROM (SELECT 1 FROM request_log WHERE day < ? LIMIT 1)",
			`DELETE FROM request_log WHERE (api_key_id, number) IN (
				SELECT api_key_id, number FROM request_log WHERE day < ? ORDER BY day, api_key_id, number LIMIT ?)`,
			func(now time.Time) any { return now.Add(-s.keepLog).UTC().Format(time.DateOnly) }, "",
		})
	}
	return all
}

// nextPlansEvery is the time between two looks for plans that have begun.
var nextPlansEvery = time.Minute

// purgeRegularly purges, and gives keys their next plans, until the store closes.
func (s *Store) purgeRegularly() {
	purges, nextPlans := time.NewTicker(purgeEvery), time.NewTicker(nextPlansEvery)
	defer purges.Stop()
	defer nextPlans.Stop()
	for {
		select {
		case <-purges.C:
			if err := s.purge(context.Background()); err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.log.Warn("can't delete expired records", "error", err)
			}
		case <-nextPlans.C:
			if _, err := s.GiveNextPlans(context.Background()); err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.log.Warn("can't give keys their next plans", "error", err)
			}
			if _, err := s.WriteKeyWords(context.Background()); err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.log.Warn("can't write the words of keys, so searching for them takes longer", "error", err)
			}
			if _, err := s.TellExpiring(context.Background()); err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.log.Warn("can't tell that keys expire soon", "error", err)
			}
			if err := s.purgeRequests(context.Background()); err != nil && !errors.Is(err, ration.ErrStoreUnavailable) {
				s.log.Warn("can't delete old requests for keys", "error", err)
			}
		case <-s.closing:
			return
		}
	}
}

// purgeRequests deletes a part of the requests for keys that are kept no longer.
func (s *Store) purgeRequests(ctx context.Context) error {
	if s.clock.step() != 0 {
		return nil
	}
	_, err := s.DeleteKeyRequests(ctx, s.now())
	return err
}

// PurgedTables returns the tables that [observe.Observer.Purged] is told of.
func (s *Store) PurgedTables() (tables []string) {
	for _, p := range s.purges() {
		tables = append(tables, p.table)
	}
	return tables
}

// purge deletes all that is kept no longer, a part at a time. While the clock is
// in doubt it deletes nothing.
func (s *Store) purge(ctx context.Context) error {
	for _, p := range s.purges() {
		start := time.Now()
		removed, err := s.purgeAll(ctx, p)
		s.observer.Purged(observe.Purge{Store: s.Name(), Table: p.table, Rows: removed, Took: time.Since(start), Err: err})
		if err != nil {
			return fmt.Errorf("deleting %s: %w", p.what, err)
		}
	}
	return nil
}

// purgeAll returns how many rows it has deleted, with an error too.
func (s *Store) purgeAll(ctx context.Context, p purge) (removed int64, err error) {
	if p.table == eventsTable {
		if err := admin.Publish(ctx, s); err != nil {
			return 0, err
		}
	}
	for {
		part, err := s.purgeSome(ctx, p)
		removed += part
		if err != nil || part < purgeAtOnce {
			if err == nil && p.table == eventsTable {
				err = admin.DeleteDeliveries(ctx, s)
			}
			return removed, err
		}
	}
}

// purgeSome looks first, so that the writer is left alone where there is nothing.
func (s *Store) purgeSome(ctx context.Context, p purge) (removed int64, err error) {
	before, found := p.before(s.now()), false
	err = s.read(ctx, func(conn *conn) error {
		return conn.query(ctx, p.find, []any{before}, func(r *row) error {
			found = r.int(0) > 0
			return nil
		})
	})
	if err != nil || !found {
		return 0, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *tx) (err error) {
		if tx.suspect {
			return errNothingToCommit
		}
		removed, err = tx.exec(ctx, p.remove, before, int64(purgeAtOnce))
		if err == nil && removed > 0 && p.note != "" {
			err = tx.execOne(ctx, p.note, before)
		}
		return err
	})
	return removed, err
}
