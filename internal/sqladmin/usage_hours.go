package sqladmin

import (
	"context"

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
		}, append(values, LimitOr(filter.Limit, defaultUsageLimit))...)
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
	if filter.Owner != "" {
		where.And("api_key_id IN (SELECT id FROM api_keys WHERE owner = ?)", filter.Owner)
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
