package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// ListKeysWithin lists keys within bounds, and returns what was asked of the database
// and how many rows it gave.
func ListKeysWithin(ctx context.Context, s *Store, filter admin.KeyFilter, bounds sqladmin.KeyBounds) (found admin.FoundKeys, asked []Asked, err error) {
	found, err = bounds.ListKeys(ctx, countedDB{administered{s}, &asked}, filter)
	return found, asked, err
}

// AskedForPart reads a part of a day of at most so many rows after a key, by plan, and
// returns what was asked of the database for its end and for its sums.
func AskedForPart(ctx context.Context, s *Store, day ration.PeriodID, after ration.KeyID, rows int) (end, sums Asked, err error) {
	var asked []Asked
	counted := sqladmin.New(countedDB{administered{s}, &asked})
	if _, err := counted.EndOfPart(ctx, day, after, rows); err != nil {
		return end, sums, err
	}
	_, err = counted.SumUsage(ctx, admin.UsageQuestion{UsageFilter: admin.UsageFilter{From: day, To: day}, By: []admin.UsageGroup{admin.ByPlan}},
		admin.KeyRange{After: after, Last: ration.KeyID{0x88}})
	if err == nil && len(asked) != 2 {
		err = fmt.Errorf("%d queries were asked, want 2", len(asked))
	}
	if err != nil {
		return end, sums, err
	}
	return asked[0], asked[1], nil
}

// Asked is a query, and how many rows it has returned.
type Asked struct {
	SQL  string
	Args []any
	Rows int
}

type countedDB struct {
	sqladmin.DB
	asked *[]Asked
}

func (c countedDB) Read(ctx context.Context, doing string, read func(context.Context, sqladmin.Reader) error) error {
	return c.DB.Read(ctx, doing, func(ctx context.Context, r sqladmin.Reader) error { return read(ctx, countedReader{r, c.asked}) })
}

type countedReader struct {
	sqladmin.Reader
	asked *[]Asked
}

func (r countedReader) Query(ctx context.Context, sql string, each func(sqladmin.Row), args ...any) error {
	asked := Asked{sql, args, 0}
	err := r.Reader.Query(ctx, sql, func(row sqladmin.Row) { asked.Rows++; each(row) }, args...)
	*r.asked = append(*r.asked, asked)
	return err
}
