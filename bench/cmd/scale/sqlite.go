package main

import (
	"context"
	"database/sql"
	"fmt"

	_ "modernc.org/sqlite" // the driver
)

type sqliteDatabase struct{ path string }

func (*sqliteDatabase) name() string  { return "SQLite" }
func (d *sqliteDatabase) url() string { return "sqlite:" + d.path }
func (*sqliteDatabase) keyRow() string {
	return "SELECT name, owner, plan, status FROM api_keys WHERE id = unhex(?)"
}
func (*sqliteDatabase) hot() string { return "" }

func (d *sqliteDatabase) open(ctx context.Context) (*sql.DB, error) {
	db, err := sql.Open("sqlite", d.path+"?_pragma=busy_timeout(10000)&_pragma=cache_size(-200000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, err
	}
	return db, nil
}

func (*sqliteDatabase) fill(size size) []string {
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)", size.keys)
	id := "unhex(printf('01990000000070008%015x', i))"
	second := "(unixepoch() - 86400 * 60 + i) * 1000000"
	name := fmt.Sprintf("json_array(%s) ->> (i %% %d) || ' ' || (json_array(%s) ->> (i / %d %% %[2]d)) || ' ' || i", firstNames, names, lastNames, names)
	statements := []string{
		"DROP INDEX usage_days_key",
		"INSERT INTO api_keys (id, name, owner, plan, status, created_at, updated_at) " + numbers + " SELECT " + id + ", " + name + `,
			iif(i % 10 = 0, 'acme', 'owner-' || (i / 20)), iif(i % 1000 = 7, 'gold', iif(i % 10 = 3, 'pro', 'free')),
			iif(i % 100 = 5, 'disabled', iif(i % 50 = 11, 'revoked', 'active')), ` + second + ", " + second + " FROM n",
		"INSERT INTO api_key_secrets (api_key_id, secret_id, starts_with, ends_with, created_at) " + numbers + " SELECT " + id + ", " + id + ", printf('rk_%05x', i * 7919 % 1048576), 'abcd', " + second + " FROM n",
		"INSERT INTO secret_digests (digest, api_key_id, secret_id) " + numbers + " SELECT randomblob(32), " + id + ", " + id + " FROM n",
		"INSERT INTO key_usage (api_key_id, meter, used, first_request_at, last_request_at, day_label, day_ends_at, day_used) " + numbers + " SELECT " + id + ", 'requests', 30000, " + second +
			", unixepoch() * 1000000, date('now'), unixepoch('now', 'start of day', '+1 day') * 1000000, i * 13 % 1001 FROM n",
		"INSERT INTO audit_log (id, at, actor, action, target, details) " + numbers + " SELECT " + id + ", " + second + ", 'token:billing', 'key.create', 'key_0199', '{}' FROM n",
	}
	for day := range size.days {
		statements = append(statements, "INSERT INTO usage_days (api_key_id, meter, date, used, denied) "+numbers+" SELECT "+id+
			fmt.Sprintf(", 'requests', date('now', '-%d days'), 1 + (i * 13 + %[1]d * 7) %% 1000, i %% 3 FROM n", size.days-1-day))
	}
	return append(statements, "CREATE INDEX usage_days_key ON usage_days (api_key_id, date, meter)", "PRAGMA wal_checkpoint(TRUNCATE)")
}
