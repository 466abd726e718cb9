package postgres_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/postgres"
)

// TestDecisionsNeverScanATable looks at the plans that decisions keep, made
// while tables are empty, small, or large and not analysed: PostgreSQL then
// knows nothing of what they will hold.
func TestDecisionsNeverScanATable(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*testing.T, *database){
		"empty": func(*testing.T, *database) {},
		"small": func(t *testing.T, d *database) { fillTables(t, d, 10); d.exec(t, "ANALYZE") },
		"large": func(t *testing.T, d *database) { fillTables(t, d, 5000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			fill(t, d)
			wantIndexPlans(t, d)
		})
	}
}

func wantIndexPlans(t *testing.T, d *database) {
	t.Helper()
	for statement, sql := range postgres.StatementSQL() {
		plan := genericPlan(t, d, sql)
		for _, wrong := range []string{"Seq Scan on", "Hash Join", "Merge Join", "Hash Left Join", "Materialize"} {
			if strings.Contains(plan, wrong) {
				t.Errorf("%s has a %s:\n%s", statement, wrong, plan)
			}
		}
	}
}

// fillTables makes keys with a secret each, an override, two meters, four days of
// history, reservations and idempotency keys, on a connection of its own.
func fillTables(t *testing.T, d *database, keys int) {
	t.Helper()
	filling := &database{conn: connect(t, d.url)}
	for _, sql := range []string{
		"INSERT INTO plans SELECT 'p' || i, '', now(), now() FROM generate_series(1, 10) i",
		"INSERT INTO plan_limits SELECT name, 'requests', 'quota', 'day', 'd', 10, 0 FROM plans",
		"INSERT INTO plan_limits SELECT name, 'requests', 'rate', 'second', 'r', 1000, 1000 FROM plans",
		"INSERT INTO plan_limits SELECT name, 'tokens', 'quota', 'month', 't', 1000, 0 FROM plans",
		fmt.Sprintf("INSERT INTO api_keys (id, name, plan, status, created_at, updated_at) SELECT gen_random_uuid(), 'n', 'p' || (1 + i %% 10), 'active', now(), now() FROM generate_series(1, %d) i", keys),
		"INSERT INTO key_usage (api_key_id, meter) SELECT id, meter FROM api_keys, unnest('{requests,tokens}'::text[]) AS m (meter)",
		"INSERT INTO api_key_limits SELECT id, 'requests', 'quota', 'day', 'd', false, 12, 0 FROM api_keys",
		"INSERT INTO api_key_limits SELECT id, 'tokens', 'quota', 'day', 'd', false, 12, 0, now() FROM api_keys",
		"INSERT INTO api_key_limits_beneath SELECT id, 'tokens', 'quota', 'day', 'd', false, 12, 0 FROM api_keys",
		"INSERT INTO api_key_secrets SELECT id, gen_random_uuid(), '', 'a', 'b', now() FROM api_keys",
		"INSERT INTO secret_digests SELECT sha256(secret_id::text::bytea), api_key_id, secret_id FROM api_key_secrets",
		"INSERT INTO usage_days SELECT id, 'requests', date '2026-07-15' - i, 1, 0, now() FROM api_keys, generate_series(0, 3) i",
		"INSERT INTO usage_hours SELECT id, 'requests', timestamptz '2026-07-15 12:00:00+00' - i * interval '1 hour', 1, 0, 0 FROM api_keys, generate_series(0, 3) i",
		"INSERT INTO charge_batches SELECT id, gen_random_uuid() FROM api_keys",
		"INSERT INTO reservations SELECT id, gen_random_uuid(), 'open', 'keep', '[]', NULL, now(), now() + i * interval '1 hour', NULL, NULL, sha256(''), '[]' FROM api_keys, generate_series(-1, 1) i",
		"INSERT INTO reservations SELECT id, gen_random_uuid(), 'settled', 'keep', '[]', '[]', now(), now(), now() - i * interval '1 day', NULL, sha256(''), '[]' FROM api_keys, generate_series(5, 9) i",
		"INSERT INTO plan_limits SELECT name, 'requests', 'concurrent', '', 'c', 5, 0 FROM plans",
		"INSERT INTO leases SELECT id, gen_random_uuid(), meter, now() FROM api_keys, unnest('{requests,tokens}'::text[]) AS m (meter)",
		"INSERT INTO idempotency_keys SELECT id, 'k' || i, sha256(''), '{}', now() - i * interval '10 hours' FROM api_keys, generate_series(0, 4) i",
	} {
		filling.exec(t, sql)
	}
	if err := filling.conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var parameter = regexp.MustCompile(`\$\d+`)

// genericPlan returns the plan that a decision's connection keeps, if settings come
// before the statement.
func genericPlan(t *testing.T, d *database, sql string, settings ...string) string {
	t.Helper()
	ctx := context.Background()
	tx, err := d.conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = tx.Rollback(ctx)
		_, _ = d.conn.Exec(ctx, "DEALLOCATE statement")
	}()
	if _, err := tx.Exec(ctx, postgres.SettingsSQL, pgx.QueryExecModeExec, "public, pg_temp", "500ms", "2s", "3s"); err != nil {
		t.Fatal(err)
	}
	for _, setting := range settings {
		if _, err := tx.Exec(ctx, setting); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec(ctx, "PREPARE statement AS "+sql); err != nil {
		t.Fatal(err)
	}
	highest := 0
	for _, name := range parameter.FindAllString(sql, -1) {
		var number int
		if _, err := fmt.Sscanf(name, "$%d", &number); err != nil {
			t.Fatal(err)
		}
		highest = max(highest, number)
	}
	explain := "EXPLAIN EXECUTE statement (" + strings.TrimSuffix(strings.Repeat("NULL,", highest), ",") + ")"
	rows, err := tx.Query(ctx, explain, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
