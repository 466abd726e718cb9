package sqladmin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// WriteTraffic implements admin.Traffic. The primary key of traffic_hours serves it.
func (s *Store) WriteTraffic(ctx context.Context, counts admin.TrafficCounts) error {
	if len(counts.Answers) == 0 {
		return nil
	}
	var values []any
	for _, count := range counts.Answers {
		values = append(values, counts.Hour, count.Via, count.Code, counts.Counter, count.Answers)
	}
	var b Batch
	b.Add("INSERT INTO traffic_hours (hour, via, code, counter, answers) VALUES (?, ?, ?, ?, ?)"+
		strings.Repeat(", (?, ?, ?, ?, ?)", len(counts.Answers)-1)+
		" ON CONFLICT (hour, via, code, counter) DO UPDATE SET answers = excluded.answers WHERE traffic_hours.answers < excluded.answers", values...)
	return s.db.Write(ctx, "counting traffic", func(ctx context.Context, tx Tx) error { return tx.Run(ctx, &b) })
}

// SumTraffic implements admin.Traffic.
func (s *Store) SumTraffic(ctx context.Context, ask func(now time.Time) (admin.TrafficHours, error)) (report admin.TrafficReport, err error) {
	limit := Limit(0)
	err = s.db.Read(ctx, "adding up traffic", func(ctx context.Context, r Reader) error {
		report = admin.TrafficReport{}
		now, err := r.Now(ctx)
		if err != nil {
			return err
		}
		question, err := ask(now)
		if err != nil {
			return err
		}
		limit = LimitOr(question.Limit, admin.DefaultUsageLimit)
		if report.Sums, err = sumTraffic(ctx, r, &question, limit+1); err != nil {
			return err
		}
		return r.Query(ctx, "SELECT since FROM traffic_hours_since", func(row Row) { report.Since = row.Time() })
	})
	if err != nil {
		return admin.TrafficReport{}, err
	}
	if report.More = len(report.Sums) > int(limit); report.More {
		report.Sums = report.Sums[:limit]
	}
	return report, nil
}

// sumTraffic adds up by the question's groups. The primary key of traffic_hours serves it,
// from the first span to the last; hours between two spans are in none.
func sumTraffic(ctx context.Context, r Reader, question *admin.TrafficHours, limit Limit) (found []admin.TrafficSum, err error) {
	var columns, order, ties []string
	for _, group := range question.By {
		column := trafficColumns[group]
		columns = append(columns, column)
		if group == admin.ByVia || group == admin.ByCode {
			ties = append(ties, r.Bytewise(column))
		} else {
			order = append(order, column)
		}
	}
	grouped := ""
	if len(columns) > 0 {
		grouped = " GROUP BY " + strings.Join(columns, ", ")
	}
	order = slices.Concat(order, []string{"SUM(d.answers) DESC"}, ties)
	spans, values := spanRows(question.Spans)
	where := Where{}
	where.And("d.hour >= ?", question.Spans[0].From)
	where.And("d.hour < ?", question.Spans[len(question.Spans)-1].To)
	sql := spans + "SELECT " + strings.Join(append(slices.Clone(columns), "CAST(SUM(d.answers) AS bigint)"), ", ") +
		" FROM traffic_hours d JOIN s ON d.hour >= s.starts AND d.hour < s.ends" + where.SQL() + grouped +
		" HAVING SUM(d.answers) > 0 ORDER BY " + strings.Join(order, ", ") + " LIMIT ?"
	err = r.Query(ctx, sql, func(row Row) { found = append(found, readTraffic(row, question)) }, append(values, where.With(limit)...)...)
	return found, err
}

// trafficColumns are the columns of groups.
var trafficColumns = map[admin.UsageGroup]string{
	admin.ByHour: "d.hour", admin.ByDay: spanNumber, admin.ByMonth: spanNumber, admin.ByVia: "d.via", admin.ByCode: "d.code",
}

func readTraffic(row Row, question *admin.TrafficHours) (sum admin.TrafficSum) {
	for _, group := range question.By {
		switch group {
		case admin.ByHour:
			sum.Hour = row.Time()
		case admin.ByDay, admin.ByMonth:
			sum.Date = question.Spans[row.Int()].Date
		case admin.ByVia:
			sum.Via = row.Text()
		case admin.ByCode:
			sum.Code = row.Text()
		}
	}
	sum.Answers = row.Int()
	return sum
}
