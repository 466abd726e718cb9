package main

import (
	"context"
	"database/sql"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

type postgresDatabase struct{ dsn string }

func (*postgresDatabase) name() string  { return "PostgreSQL" }
func (d *postgresDatabase) url() string { return d.dsn }
func (*postgresDatabase) keyRow() string {
	return "SELECT name, owner, plan, status FROM api_keys WHERE id = $1::uuid"
}

func (*postgresDatabase) hot() string {
	return "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname IN ('key_usage', 'usage_days') ORDER BY relname"
}

func (d *postgresDatabase) open(ctx context.Context) (*sql.DB, error) {
	db, err := sql.Open("pgx", d.dsn)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, err
	}
	return db, nil
}

func (*postgresDatabase) fill(size size) []string {
	numbers := fmt.Sprintf(" FROM generate_series(0, %d) AS n(i)", size.keys-1)
	id := "('01990000000070008' || lpad(to_hex(i), 15, '0'))::uuid"
	second := "now() - interval '60 days' + interval '1 second' * i"
	name := fmt.Sprintf("(ARRAY[%s])[1 + i %% %d] || ' ' || (ARRAY[%s])[1 + i / %d %% %[2]d] || ' ' || i", firstNames, names, lastNames, names)
	statements := []string{
		"ALTER TABLE usage_days DROP CONSTRAINT usage_days_pkey",
		"DROP INDEX usage_days_date",
		"INSERT INTO api_keys (id, name, owner, plan, status, created_at, updated_at) SELECT " + id + ", " + name + `,
			CASE WHEN i % 10 = 0 THEN 'acme' ELSE 'owner-' || i / 20 END, CASE WHEN i % 1000 = 7 THEN 'gold' WHEN i % 10 = 3 THEN 'pro' ELSE 'free' END,
			CASE WHEN i % 100 = 5 THEN 'disabled' WHEN i % 50 = 11 THEN 'revoked' ELSE 'active' END, ` + second + ", " + second + numbers,
		"INSERT INTO api_key_secrets (api_key_id, secret_id, starts_with, ends_with, created_at) SELECT " + id + ", " + id + ", 'rk_' || lpad(to_hex(i::bigint * 7919 % 1048576), 5, '0'), 'abcd', " + second + numbers,
		"INSERT INTO secret_digests (digest, api_key_id, secret_id) SELECT sha256(i::text::bytea), " + id + ", " + id + numbers,
		"INSERT INTO key_usage (api_key_id, meter, used, first_request_at, last_request_at, day_label, day_ends_at, day_used) SELECT " + id + ", 'requests', 30000, " + second +
			", now(), (now() AT TIME ZONE 'UTC')::date, ((now() AT TIME ZONE 'UTC')::date + 1)::timestamp AT TIME ZONE 'UTC', i::bigint * 13 % 1001" + numbers,
		"INSERT INTO audit_log (id, at, actor, action, target, details) SELECT " + id + ", " + second + ", 'token:billing', 'key.create', 'key_0199', '{}'" + numbers,
	}
	for day := range size.days {
		statements = append(statements, "INSERT INTO usage_days (api_key_id, meter, date, used, denied) SELECT "+id+
			fmt.Sprintf(", 'requests', (now() AT TIME ZONE 'UTC')::date - %d, 1 + (i::bigint * 13 + %[1]d * 7) %% 1000, i %% 3", size.days-1-day)+numbers)
	}
	return append(statements,
		"ALTER TABLE usage_days ADD PRIMARY KEY (api_key_id, meter, date)",
		"CREATE INDEX usage_days_date ON usage_days (date, api_key_id, meter)",
		"VACUUM ANALYZE", "CHECKPOINT")
}
