package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/rationadmin"
)

// administration is what both databases keep in the same way.
type administration = sqladmin.Store

// Administration implements [rationadmin.Store]. Call [rationadmin.New] instead of it.
func (s *Store) Administration(config rationadmin.Config) rationadmin.Operations {
	return admin.New(s, config)
}

// administered is a store as package sqladmin needs it.
type administered struct{ *Store }

// Write implements sqladmin.DB. The file's one lock is that of every key and plan.
func (s administered) Write(ctx context.Context, doing string, change func(context.Context, sqladmin.Tx) error) error {
	return s.write(ctx, func(ctx context.Context, tx *tx) error {
		err := change(ctx, changer{reader{tx.conn, tx.now}})
		switch {
		case errors.Is(err, admin.ErrUnchanged):
			return errNothingToCommit
		case code(err) != 0:
			return fmt.Errorf("%s: %w", doing, err)
		}
		return err
	})
}

// Read implements sqladmin.DB.
func (s administered) Read(ctx context.Context, doing string, read func(context.Context, sqladmin.Reader) error) error {
	err := s.read(ctx, func(conn *conn) error { return read(ctx, reader{conn, s.now()}) })
	if err != nil && !errors.Is(err, ration.ErrNotFound) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return err
}

// reader implements sqladmin.Reader.
type reader struct {
	conn *conn
	now  time.Time
}

// Now implements sqladmin.Reader.
func (r reader) Now(context.Context) (time.Time, error) { return r.now, nil }

// Query implements sqladmin.Reader.
func (r reader) Query(ctx context.Context, sql string, each func(sqladmin.Row), args ...any) error {
	columns := new(columns)
	next := func(row *row) error {
		columns.row, columns.next = row, 0
		each(columns)
		return nil
	}
	if len(args) > 0 {
		if ids, isList := args[0].([]ration.KeyID); isList {
			return queryList(ctx, r.conn, r.conn.list(sql), blobs(ids), next, valuesOf(args[1:])...)
		}
	}
	return r.conn.query(ctx, sql, valuesOf(args), next)
}

// MonthOf implements sqladmin.Reader.
func (reader) MonthOf(column string) string { return "date(" + column + ", 'start of month')" }

// Bytewise implements sqladmin.Reader.
func (reader) Bytewise(column string) string { return column }

// InOrder implements sqladmin.Reader. SQLite never sorts where an index has the order.
func (reader) InOrder(context.Context) error { return nil }

// Description implements sqladmin.Reader.
func (reader) Description() string {
	return "SELECT 'sqlite', sqlite_version(), (SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied), page_count * page_size FROM pragma_page_count, pragma_page_size"
}

// Usage implements sqladmin.Reader.
func (r reader) Usage(ctx context.Context, ids []ration.KeyID) (map[ration.KeyID]ledger.Usage, error) {
	usage := make(map[ration.KeyID]ledger.Usage, len(ids))
	err := queryList(ctx, r.conn, keyUsage, blobs(ids), func(row *row) error {
		id := ration.KeyID(row.id(0))
		usage[id] = append(usage[id], row.meterUsage())
		return nil
	})
	return usage, err
}

// list returns a query as one with a list, made once.
func (c *conn) list(query string) *listQuery {
	list, known := c.lists[query]
	if !known {
		list = newListQuery(query)
		c.lists[query] = list
	}
	return list
}

// changer implements sqladmin.Tx.
type changer struct{ reader }

// LockKeys implements sqladmin.Tx.
func (changer) LockKeys(context.Context, []ration.KeyID) error { return nil }

// LockPlan implements sqladmin.Tx.
func (changer) LockPlan(context.Context, string) error { return nil }

// LockMeter implements sqladmin.Tx.
func (changer) LockMeter(context.Context, string, bool) error { return nil }

// LockJobs implements sqladmin.Tx.
func (changer) LockJobs(context.Context) error { return nil }

// LockSessions implements sqladmin.Tx.
func (changer) LockSessions(context.Context) error { return nil }

// LockRequests implements sqladmin.Tx.
func (changer) LockRequests(context.Context) error { return nil }

// Run implements sqladmin.Tx.
func (c changer) Run(ctx context.Context, batch *sqladmin.Batch) error {
	for i := range batch.Statements {
		statement := &batch.Statements[i]
		written, err := c.conn.exec(ctx, statement.SQL, valuesOf(statement.Args)...)
		switch {
		case err != nil:
			return statement.Meaning.Of(err, isTaken(err), isReferred(err))
		case statement.One && written == 0 && statement.Meaning.Missing != nil:
			return statement.Meaning.Missing
		case statement.One && written != 1:
			return withheld(written)
		}
	}
	return nil
}

// valuesOf returns values as statements take them.
func valuesOf(args []any) []any {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = valueOf(arg)
	}
	return values
}

func valueOf(arg any) any {
	switch arg := arg.(type) {
	case ration.KeyID:
		return blob(arg)
	case ration.SecretID:
		return blob(arg)
	case ration.ReservationID:
		return blob(arg)
	case uuid.UUID:
		return blob(arg)
	case ration.Digest:
		return arg[:]
	case ration.PeriodID:
		return dateText(arg)
	case time.Time:
		return micros(arg)
	case bool:
		return flag(arg)
	case sqladmin.Limit:
		return int64(arg)
	case []string:
		return listText(arg)
	}
	return arg
}
