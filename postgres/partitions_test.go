package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/storetest"
	"github.com/ration-dev/ration/postgres"
)

// TestContractOnPartitions: the history may be partitioned by time, without another word
// in the code.
func TestContractOnPartitions(t *testing.T) {
	storetest.RunHistory(t, func(t *testing.T) storetest.Harness {
		d := newDatabase(t)
		d.partition(t, "usage_days", "date", "api_key_id, meter, date", "daily_usage")
		d.partition(t, "usage_hours", "hour", "api_key_id, meter, hour", "hourly_usage")
		d.partition(t, "audit_log", "at", "id, at", "")
		return d.harness(t)
	})
}

// partition replaces an empty table by one with a partition for each 10 days around now,
// and one for the rest. A view of it is made again.
func (d *database) partition(t *testing.T, table, column, primaryKey, view string) {
	t.Helper()
	indexes := d.texts(t, "SELECT indexdef FROM pg_indexes WHERE tablename = $1 AND indexname <> $1 || '_pkey'", table)
	views := d.texts(t, "SELECT definition FROM pg_views WHERE viewname = $1", view)
	if view != "" {
		d.exec(t, "DROP VIEW "+view)
	}
	d.exec(t, fmt.Sprintf(`ALTER TABLE %[1]s RENAME TO whole;
		CREATE TABLE %[1]s (LIKE whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (%[2]s);
		DROP TABLE whole;
		ALTER TABLE %[1]s ADD PRIMARY KEY (%[3]s);
		CREATE TABLE %[1]s_rest PARTITION OF %[1]s DEFAULT`, table, column, primaryKey))
	for i := range 20 {
		from := time.Now().AddDate(0, 0, 10*(i-10))
		d.exec(t, fmt.Sprintf("CREATE TABLE %[1]s_%02[2]d PARTITION OF %[1]s FOR VALUES FROM ('%[3]s') TO ('%[4]s')",
			table, i, from.Format(time.DateOnly), from.AddDate(0, 0, 10).Format(time.DateOnly)))
	}
	for _, index := range indexes {
		d.exec(t, index)
	}
	for _, definition := range views {
		d.exec(t, "CREATE VIEW "+view+" AS "+definition)
	}
}

// texts returns the rows of a query for one column.
func (d *database) texts(t *testing.T, sql string, args ...any) []string {
	t.Helper()
	rows, err := d.conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// Two partitions have rows at one place: a purge takes the old one of them.
func TestPurgeInPartitionsTakesOnlyWhatIsOld(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.partition(t, "usage_days", "date", "api_key_id, meter, date", "daily_usage")
	d.partition(t, "usage_hours", "hour", "api_key_id, meter, hour", "hourly_usage")
	store := d.open(t, postgres.Config{})
	for _, ago := range []string{"400 days", "1 day"} {
		d.exec(t, "INSERT INTO usage_days (api_key_id, meter, date) SELECT gen_random_uuid(), 'requests', now()::date - $1::interval FROM generate_series(1, 10)", ago)
		d.exec(t, "INSERT INTO usage_hours (api_key_id, meter, hour) SELECT gen_random_uuid(), 'requests', date_trunc('hour', now()) - $1::interval FROM generate_series(1, 10)", ago)
	}
	if got := ask[int64](t, d, "SELECT count(DISTINCT ctid) FROM usage_days"); got != 10 {
		t.Fatalf("%d places of 20 rows; the test needs two rows at each", got)
	}
	if err := postgres.PurgeHistory(t.Context(), store, 100*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	for table, column := range map[string]string{"usage_days": "date", "usage_hours": "hour"} {
		if got := ask[int64](t, d, "SELECT count(*) FROM "+table+" WHERE "+column+" > now() - interval '3 days'"); got != 10 {
			t.Errorf("%d new rows of %s are left; want 10", got, table)
		}
		if got := ask[int64](t, d, "SELECT count(*) FROM "+table); got != 10 {
			t.Errorf("%d rows of %s are left; want 10", got, table)
		}
	}
}
