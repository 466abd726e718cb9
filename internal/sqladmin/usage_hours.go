package sqladmin

import (
	"context"
	"strings"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// UsageHours implements admin.Usage.
func (s *Store) UsageHours(ctx context.Context, filter admin.HourFilter) (hours []admin.UsageHour, err error) {
	found, values := hoursWhere(filter)
	sql := "SELECT d.api_key_id, k.name, k.owner, d.meter, d.hour, d.used, d.denied FROM (" + found + ") d JOIN api_keys k ON k.id = d.api_key_id ORDER BY d.hour, d.api_key_id, d.meter LIMIT ?"
	err = s.db.Read(ctx, "reading usage by hour", func(ctx context.Context, r Reader) error {
		hours = nil
		return r.Query(ctx, sql, func(row Row) {
			hours = append(hours, admin.UsageHour{
				KeyID: row.ID(), KeyName: row.Text(), Owner: row.Text(), Meter: row.Text(), Hour: row.Time(), Used: row.Int(), Denied: row.Int(),
			})
		}, append(values, LimitOr(filter.Limit, admin.DefaultUsageLimit))...)
	})
	return hours, err
}

// hoursWhere returns a query for hours with columns api_key_id, meter, hour, used and
// denied, and its values: those of the history, and the latest hour of each row of
// key_usage.
//
// PostgreSQL finds a key's hours by the primary key of usage_hours and others by
// usage_hours_hour; SQLite a key's by usage_hours_key and others by the primary key.
// Rows of key_usage it finds by the primary key, or reads them all: no index has a
// column that charges update.
func hoursWhere(filter admin.HourFilter) (sql string, values []any) {
	history, latest := hourConditions(filter, "hour"), hourConditions(filter, "counted_hour")
	latest.Always("(counted_used > 0 OR counted_denied > 0)")
	sql = `SELECT api_key_id, meter, hour, CASE WHEN used > given_back THEN used - given_back ELSE 0 END AS used, denied
		FROM usage_hours` + history.SQL() + `
		UNION ALL
		SELECT api_key_id, meter, counted_hour, CASE WHEN counted_used > counted_given_back THEN counted_used - counted_given_back ELSE 0 END, counted_denied
		FROM key_usage` + latest.SQL()
	return sql, append(history.Args, latest.Args...)
}

func hourConditions(filter admin.HourFilter, column string) (where Where) {
	if !filter.KeyID.IsZero() {
		where.And("api_key_id = ?", filter.KeyID)
	}
	var keys Where
	keys.andText("owner", filter.Owner)
	keys.andOneOf("owner", filter.Owners)
	keys.andOneOf("plan", filter.Plans)
	if text := keys.SQL(); text != "" {
		where.And("api_key_id IN (SELECT id FROM api_keys"+text+")", keys.Args...)
	}
	where.andText("meter", filter.Meter)
	if !filter.From.IsZero() {
		where.And(column+" >= ?", filter.From)
	}
	if !filter.To.IsZero() {
		where.And(column+" < ?", filter.To)
	}
	return where
}

// SumHours implements admin.Usage.
func (s *Store) SumHours(ctx context.Context, ask func(now, since time.Time) (admin.HourQuestion, error)) (report admin.UsageReport, err error) {
	limit := Limit(0)
	err = s.db.Read(ctx, "adding up usage by hour", func(ctx context.Context, r Reader) error {
		now, err := r.Now(ctx)
		if err != nil {
			return err
		}
		var since time.Time
		if err := r.Query(ctx, "SELECT since FROM usage_hours_since", func(row Row) { since = row.Time() }); err != nil {
			return err
		}
		question, err := ask(now, since)
		if err != nil {
			return err
		}
		limit = LimitOr(question.Limit, admin.DefaultUsageLimit)
		if report.Sums, err = sumHours(ctx, r, &question, question.By, limit+1); err != nil {
			return err
		}
		report.Totals, err = sumHours(ctx, r, &question, nil, AllRows)
		return err
	})
	if err != nil {
		return admin.UsageReport{}, err
	}
	return upTo(report, limit), nil
}

// spanNumber is the column of a span's index.
const spanNumber = "s.number"

// sumHours adds up by groups, and always by meter. Hours are those of the first span to
// the last; those between two spans are in none.
func sumHours(ctx context.Context, r Reader, question *admin.HourQuestion, by []admin.UsageGroup, limit Limit) (found []admin.UsageSum, err error) {
	spans := question.Spans
	filter := question.HourFilter
	filter.From, filter.To = spans[0].From, spans[len(spans)-1].To
	hours, conditions := hoursWhere(filter)
	var values []any
	for i, span := range spans {
		values = append(values, int64(i), span.From, span.To)
	}
	rows := strings.Repeat(", (CAST(? AS bigint), CAST(? AS timestamptz), CAST(? AS timestamptz))", len(spans))[2:]
	groups := groupsOf(by, spanNumber, spanNumber)
	sql := "WITH s (number, starts, ends) AS (VALUES " + rows + ") " + groups.sums("", "("+hours+") d JOIN s ON d.hour >= s.starts AND d.hour < s.ends LEFT JOIN api_keys k ON "+ofKey, "")
	err = r.Query(ctx, sql, func(row Row) {
		sum := readSum(row, groups.columns)
		if len(groups.times) > 0 && groups.times[0] == spanNumber {
			sum.Date = spans[sum.Date].Date
		}
		found = append(found, sum)
	}, append(append(values, conditions...), limit)...)
	return found, err
}
