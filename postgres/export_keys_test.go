package postgres

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// KeysSQL returns what is read of many keys while they are locked, for a test of
// its plans.
func KeysSQL() map[string]string {
	statements := map[string]string{"lock": lockKeysSQL}
	for name, sql := range map[string]string{"keys": sqladmin.KeysByID, "secrets": sqladmin.KeySecrets, "overrides": sqladmin.KeyOverrides} {
		statements[name], _ = numbered(sql, []any{[]ration.KeyID{}})
	}
	return statements
}

// ListKeysWithin lists keys within bounds, and returns what was asked of the database
// and how many rows it gave.
func ListKeysWithin(ctx context.Context, s *Store, filter admin.KeyFilter, bounds sqladmin.KeyBounds) (found admin.FoundKeys, asked []Asked, err error) {
	found, err = bounds.ListKeys(ctx, countedDB{administered{s}, &asked}, filter)
	return found, asked, err
}

// HistoryOfKeys reads the history of keys, and returns what was asked of the database.
func HistoryOfKeys(ctx context.Context, s *Store, question admin.HistoryQuestion) (asked []Asked, err error) {
	_, err = sqladmin.New(countedDB{administered{s}, &asked}).HistoryOfKeys(ctx, question)
	return asked, err
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

// Numbered is a query as the server gets it.
func (a *Asked) Numbered() (sql string, params []any) { return numbered(a.SQL, a.Args) }

// ListInOrderSQL precedes the statements of lists of keys.
const ListInOrderSQL = listInOrderSQL

// SettingOfReads returns a setting of the server as reports and lists have it.
func SettingOfReads(ctx context.Context, s *Store, name string) (value string, err error) {
	err = s.read(ctx, "reading a setting", func(ctx context.Context, q querier) error {
		return query(ctx, q, "SELECT current_setting($1)", func(r *row) { value = r.text() }, name)
	})
	return value, err
}
