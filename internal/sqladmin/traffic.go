package sqladmin

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
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

// sumTraffic adds up by the question's groups, and returns at least as many sums as the
// limit says, if there are so many. The primary key of traffic_hours serves it, from the
// first span to the last. Hours are added up to days here: databases would compare each
// hour with each day.
func sumTraffic(ctx context.Context, r Reader, question *admin.TrafficHours, limit Limit) (found []admin.TrafficSum, err error) {
	var columns, order []string
	for _, group := range question.By {
		columns = append(columns, trafficColumns[group])
	}
	days := slices.Contains(question.By, admin.ByDay) || slices.Contains(question.By, admin.ByMonth)
	grouped := ""
	if len(columns) > 0 {
		grouped = " GROUP BY " + strings.Join(columns, ", ")
	}
	if slices.Contains(question.By, admin.ByHour) {
		order = append(order, "d.hour")
	}
	order = append(order, "SUM(d.answers) DESC")
	for _, group := range []admin.UsageGroup{admin.ByVia, admin.ByCode} {
		if slices.Contains(question.By, group) {
			order = append(order, r.Bytewise(trafficColumns[group]))
		}
	}
	var where Where
	where.And("d.hour >= ?", question.Spans[0].From)
	where.And("d.hour < ?", question.Spans[len(question.Spans)-1].To)
	sql := "SELECT " + strings.Join(append(slices.Clone(columns), "CAST(SUM(d.answers) AS bigint)"), ", ") +
		" FROM traffic_hours d" + where.SQL() + grouped + " HAVING SUM(d.answers) > 0 ORDER BY " + strings.Join(order, ", ") + " LIMIT ?"
	if !days {
		err = r.Query(ctx, sql, func(row Row) { found = append(found, readTraffic(row, question)) }, where.With(limit)...)
		return found, err
	}
	sums := map[admin.TrafficSum]int64{}
	err = r.Query(ctx, sql, func(row Row) {
		sum := readTraffic(row, question)
		answers := sum.Answers
		sum.Answers = 0
		sums[sum] += answers
	}, where.With(AllRows)...)
	return sorted(sums), err
}

// trafficColumns are the columns of groups.
var trafficColumns = map[admin.UsageGroup]string{
	admin.ByHour: "d.hour", admin.ByDay: "d.hour", admin.ByMonth: "d.hour", admin.ByVia: "d.via", admin.ByCode: "d.code",
}

func readTraffic(row Row, question *admin.TrafficHours) (sum admin.TrafficSum) {
	for _, group := range question.By {
		switch group {
		case admin.ByHour:
			sum.Hour = row.Time()
		case admin.ByDay, admin.ByMonth:
			sum.Date = dateOf(row.Time(), question.Spans)
		case admin.ByVia:
			sum.Via = row.Text()
		case admin.ByCode:
			sum.Code = row.Text()
		}
	}
	sum.Answers = row.Int()
	return sum
}

// dateOf returns the date of the span that has an hour. Spans of days follow one another.
func dateOf(hour time.Time, spans []admin.HourSpan) ration.PeriodID {
	i, _ := slices.BinarySearchFunc(spans, hour, func(span admin.HourSpan, hour time.Time) int {
		if hour.Before(span.To) {
			return 1
		}
		return -1
	})
	return spans[i].Date
}

// sorted returns sums in the order of [admin.TrafficReport].
func sorted(sums map[admin.TrafficSum]int64) (found []admin.TrafficSum) {
	for sum, answers := range sums {
		sum.Answers = answers
		found = append(found, sum)
	}
	slices.SortFunc(found, func(a, b admin.TrafficSum) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(b.Answers, a.Answers), cmp.Compare(a.Via, b.Via), cmp.Compare(a.Code, b.Code))
	})
	return found
}
