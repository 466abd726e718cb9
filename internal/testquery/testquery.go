// Package testquery notes what administration asks of a database, for tests of both stores:
// of the plans of these queries, and of how many rows they read.
package testquery

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// Asked is a query, and how many rows it has returned.
type Asked struct {
	SQL  string
	Args []any
	Rows int
}

// ListKeys lists keys within bounds, and returns what was asked for that.
func ListKeys(ctx context.Context, db sqladmin.DB, filter admin.KeyFilter, bounds sqladmin.KeyBounds) (found admin.FoundKeys, asked []Asked, err error) {
	found, err = bounds.ListKeys(ctx, noting{db, &asked}, filter)
	return found, asked, err
}

// Rows returns how many rows queries have returned together.
func Rows(asked []Asked) (rows int) {
	for _, one := range asked {
		rows += one.Rows
	}
	return rows
}

// HistoryOfKeys reads the history of keys, and returns what was asked for that.
func HistoryOfKeys(ctx context.Context, db sqladmin.DB, question admin.HistoryQuestion) (asked []Asked, err error) {
	_, err = sqladmin.New(noting{db, &asked}).HistoryOfKeys(ctx, question)
	return asked, err
}

// PartOfDay reads a part of a day of at most so many rows after a key, by plan, and
// returns what was asked for its end and for its sums.
func PartOfDay(ctx context.Context, db sqladmin.DB, day ration.PeriodID, after ration.KeyID, rows int) (end, sums Asked, err error) {
	var asked []Asked
	noted := sqladmin.New(noting{db, &asked})
	if _, err := noted.EndOfPart(ctx, day, after, rows); err != nil {
		return end, sums, err
	}
	_, err = noted.SumUsage(ctx, admin.UsageQuestion{UsageFilter: admin.UsageFilter{From: day, To: day}, By: []admin.UsageGroup{admin.ByPlan}},
		admin.KeyRange{After: after, Last: ration.KeyID{0x88}})
	if err == nil && len(asked) != 2 {
		err = fmt.Errorf("%d queries were asked, want 2", len(asked))
	}
	if err != nil {
		return end, sums, err
	}
	return asked[0], asked[1], nil
}

// noting is a database that notes what is asked of it.
type noting struct {
	sqladmin.DB
	asked *[]Asked
}

// Read implements sqladmin.DB.
func (n noting) Read(ctx context.Context, doing string, read func(context.Context, sqladmin.Reader) error) error {
	return n.DB.Read(ctx, doing, func(ctx context.Context, r sqladmin.Reader) error { return read(ctx, notingReader{r, n.asked}) })
}

type notingReader struct {
	sqladmin.Reader
	asked *[]Asked
}

// Query implements sqladmin.Reader.
func (r notingReader) Query(ctx context.Context, sql string, each func(sqladmin.Row), args ...any) error {
	asked := Asked{sql, args, 0}
	err := r.Reader.Query(ctx, sql, func(row sqladmin.Row) { asked.Rows++; each(row) }, args...)
	*r.asked = append(*r.asked, asked)
	return err
}
