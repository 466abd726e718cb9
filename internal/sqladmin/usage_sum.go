package sqladmin

import (
	"context"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// SumUsage implements admin.Usage. It reads the days that the filter selects, as
// UsageDays finds them, and no more rows come out than there are sums. Days of keys
// that were revoked count, and so would those of one that is gone.
func (s *Store) SumUsage(ctx context.Context, question admin.UsageQuestion, keys admin.KeyRange) (report admin.UsageReport, err error) {
	limit := LimitOr(question.Limit, admin.DefaultUsageLimit)
	err = s.db.Read(ctx, "adding up usage", func(ctx context.Context, r Reader) error {
		if report.Sums, err = sums(ctx, r, question, keys, limit+1); err != nil {
			return err
		}
		if len(report.Sums) <= int(limit) {
			report.Totals = totals(report.Sums)
			return nil
		}
		report.Totals, err = sums(ctx, r, admin.UsageQuestion{UsageFilter: question.UsageFilter}, keys, AllRows)
		return err
	})
	if err != nil {
		return admin.UsageReport{}, err
	}
	return upTo(report, limit), nil
}

// totals adds up all sums by meter.
func totals(sums []admin.UsageSum) (totals []admin.UsageSum) {
	place := make(map[string]int)
	for _, sum := range sums {
		i, ok := place[sum.Meter]
		if !ok {
			i, place[sum.Meter] = len(totals), len(totals)
			totals = append(totals, admin.UsageSum{Meter: sum.Meter})
		}
		total := &totals[i]
		total.Used += sum.Used
		total.Denied += sum.Denied
		if sum.LastRequestAt.After(total.LastRequestAt) {
			total.LastRequestAt = sum.LastRequestAt
		}
	}
	slices.SortFunc(totals, func(a, b admin.UsageSum) int { return ration.CompareMeters(a.Meter, b.Meter) })
	return totals
}

// upTo returns a report with at most so many sums.
func upTo(report admin.UsageReport, limit Limit) admin.UsageReport {
	if report.More = len(report.Sums) > int(limit); report.More {
		report.Sums = report.Sums[:limit]
	}
	return report
}

// AllRows is a limit that no number of sums reaches.
const AllRows Limit = 1 << 30

// groupColumns are the columns of each group, except for days and months.
var groupColumns = map[admin.UsageGroup][]string{
	admin.ByKey:   {"d.api_key_id", "k.name", "k.owner"},
	admin.ByOwner: {"k.owner"},
	admin.ByPlan:  {"k.plan"},
	admin.ByHour:  {"d.hour"},
}

// EndOfPart implements admin.Usage. The index of usage_days that begins with the date
// serves it, and has all that it reads. As in a list of keys, an equality is a range, so
// that no other index has the order.
func (s *Store) EndOfPart(ctx context.Context, day ration.PeriodID, after ration.KeyID, rows int) (last ration.KeyID, err error) {
	by := order{[]string{"d.date", "d.api_key_id", "d.meter"}, false}
	var where Where
	where.after(order{by.columns[:2], false}, day, after)
	where.And("d.date <= ?", day)
	sql := "SELECT d.api_key_id FROM usage_days d" + where.SQL() + by.SQL() + " LIMIT 1 OFFSET ?"
	err = s.db.Read(ctx, "dividing a day of usage", func(ctx context.Context, r Reader) error {
		last = ration.KeyID{}
		if err := r.InOrder(ctx); err != nil {
			return err
		}
		return r.Query(ctx, sql, func(row Row) { last = row.ID() }, where.With(Limit(rows-1))...)
	})
	return last, err
}

// sums adds up by the question's groups, and always by meter.
func sums(ctx context.Context, r Reader, question admin.UsageQuestion, keys admin.KeyRange, limit Limit) (found []admin.UsageSum, err error) {
	where := sumsWhere(question.UsageFilter, keys)
	var of Where
	of.Always(ofKey)
	of.andRange("k.id", keys) // or PostgreSQL joins a part with all keys
	groups := groupsOf(question.By, "d.date", r.MonthOf("d.date"))
	sql := groups.sums(", MAX(d.last_request_at)", "usage_days d LEFT JOIN api_keys k ON "+of.all(), where.SQL())
	err = r.Query(ctx, sql, func(row Row) {
		sum := readSum(row, groups.columns)
		sum.LastRequestAt = row.Time()
		found = append(found, sum)
	}, slices.Concat(of.Args, where.With(limit))...)
	return found, err
}

// ofKey joins a table d with the keys k.
const ofKey = "k.id = d.api_key_id"

// sumsWhere selects one day by an equality: then the index that begins with the date goes
// on with the range of keys.
func sumsWhere(filter admin.UsageFilter, keys admin.KeyRange) (where Where) {
	day := filter.From
	oneDay := day != 0 && day == filter.To
	if oneDay {
		filter.From, filter.To = 0, 0
	}
	where = daysWhere(filter)
	if oneDay {
		where.And("d.date = ?", day)
	}
	where.andRange("d.api_key_id", keys)
	return where
}

// grouping is the columns that usage is added up by, besides the meter.
type grouping struct {
	columns []string
	times   []string // those of them that come first in the order
}

// groupsOf returns the columns of groups, given those of days and months.
func groupsOf(by []admin.UsageGroup, day, month string) (g grouping) {
	for _, group := range by {
		add := groupColumns[group]
		switch group {
		case admin.ByDay:
			add = []string{day}
		case admin.ByMonth:
			add = []string{month}
		}
		if group == admin.ByHour || group == admin.ByDay || group == admin.ByMonth {
			g.times = add
		}
		for _, column := range add {
			if !slices.Contains(g.columns, column) { // an owner comes with its key already
				g.columns = append(g.columns, column)
			}
		}
	}
	return g
}

// sums returns the query for sums of a table d and its keys k, with what more it selects,
// and LIMIT as its last parameter.
func (g grouping) sums(more, from, where string) string {
	groups := strings.Join(append(slices.Clone(g.columns), "d.meter"), ", ")
	order := strings.Join(slices.Concat(g.times, []string{"CASE d.meter WHEN '" + ration.MeterRequests + "' THEN 0 ELSE 1 END", "d.meter", "SUM(d.used) DESC"}, g.columns), ", ")
	return "SELECT " + groups + ", CAST(SUM(d.used) AS bigint), CAST(SUM(d.denied) AS bigint)" + more +
		" FROM " + from + where + " GROUP BY " + groups + " ORDER BY " + order + " LIMIT ?"
}

// readSum reads the columns of groups, the meter and two sums.
func readSum(row Row, columns []string) (sum admin.UsageSum) {
	for _, column := range columns {
		switch column {
		case "d.api_key_id":
			sum.KeyID = row.ID()
		case "k.name":
			sum.KeyName = row.Text()
		case "k.owner":
			sum.Owner = row.Text()
		case "k.plan":
			sum.Plan = row.Text()
		case "d.hour":
			sum.Hour = row.Time()
		case spanNumber:
			sum.Date = ration.PeriodID(row.Int()) // until its span is looked up
		default: // a day or a month
			sum.Date = row.Date()
		}
	}
	sum.Meter, sum.Used, sum.Denied = row.Text(), row.Int(), row.Int()
	return sum
}
