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
func (s *Store) SumUsage(ctx context.Context, question admin.UsageQuestion) (report admin.UsageReport, err error) {
	limit := LimitOr(question.Limit, defaultUsageLimit)
	err = s.db.Read(ctx, "adding up usage", func(ctx context.Context, r Reader) error {
		if report.Sums, err = sums(ctx, r, question, limit+1); err != nil {
			return err
		}
		report.Totals, err = sums(ctx, r, admin.UsageQuestion{UsageFilter: question.UsageFilter}, AllRows)
		return err
	})
	if err != nil {
		return admin.UsageReport{}, err
	}
	if report.More = len(report.Sums) > int(limit); report.More {
		report.Sums = report.Sums[:limit]
	}
	return report, nil
}

// AllRows is a limit that no number of sums reaches.
const AllRows Limit = 1 << 30

// groupColumns are the columns of each group, but for the month.
var groupColumns = map[admin.UsageGroup][]string{
	admin.ByKey:   {"d.api_key_id", "k.name", "k.owner"},
	admin.ByOwner: {"k.owner"},
	admin.ByPlan:  {"k.plan"},
	admin.ByDay:   {"d.date"},
}

// sums adds up by the question's groups, and always by meter.
func sums(ctx context.Context, r Reader, question admin.UsageQuestion, limit Limit) (found []admin.UsageSum, err error) {
	var columns, dates []string
	for _, group := range question.By {
		add := groupColumns[group]
		if group == admin.ByMonth {
			add = []string{r.MonthOf("d.date")}
		}
		if group == admin.ByDay || group == admin.ByMonth {
			dates = add
		}
		for _, column := range add {
			if !slices.Contains(columns, column) { // an owner comes with its key already
				columns = append(columns, column)
			}
		}
	}
	groups := strings.Join(append(slices.Clone(columns), "d.meter"), ", ")
	order := strings.Join(slices.Concat(dates, []string{"CASE d.meter WHEN '" + ration.MeterRequests + "' THEN 0 ELSE 1 END", "d.meter", "SUM(d.used) DESC"}, columns), ", ")
	where := daysWhere(question.UsageFilter)
	sql := "SELECT " + groups + ", CAST(SUM(d.used) AS bigint), CAST(SUM(d.denied) AS bigint), MAX(d.last_request_at)" +
		" FROM usage_days d LEFT JOIN api_keys k ON k.id = d.api_key_id" + where.SQL() + " GROUP BY " + groups + " ORDER BY " + order + " LIMIT ?"
	err = r.Query(ctx, sql, func(row Row) { found = append(found, readSum(row, columns)) }, where.With(limit)...)
	return found, err
}

// readSum reads the columns of groups, the meter and the sums.
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
		default: // a day or a month
			sum.Date = row.Date()
		}
	}
	sum.Meter, sum.Used, sum.Denied, sum.LastRequestAt = row.Text(), row.Int(), row.Int(), row.Time()
	return sum
}
