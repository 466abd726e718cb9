package dbcopy_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/dbcopy"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// database is a store with its administration and an engine on it.
type database struct {
	operations admin.Operations
	engine     *ration.Engine
	store      store
}

type store interface {
	ration.Store
	admin.Store
}

// use runs something on a store as a server does, and closes it.
func use(t *testing.T, store store, err error, do func(database)) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	engine := ration.NewEngine(store, ration.EngineConfig{})
	do(database{admin.New(store, admin.Config{}), engine, store})
	if err := engine.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// charge charges a key once and returns what then remains of its first limit.
func (d database) charge(t *testing.T, secret ration.Secret, amounts ...ration.Amount) int64 {
	t.Helper()
	decision, err := d.engine.Charge(t.Context(), ration.Charge{Secret: secret, Amounts: amounts})
	if err != nil || len(decision.Limits) == 0 {
		t.Fatalf("charging: %+v, %v", decision, err)
	}
	return decision.Limits[0].Remaining
}

const actor = "cli:test"

func must[T any](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func limit(t *testing.T, text string) ration.Limit {
	return must[ration.Limit](t)(ration.ParseLimit(text))
}

// newFile makes a SQLite database with something in every column of every table,
// and returns the secret of a key that may be used 5 times and was used twice.
func newFile(t *testing.T) (path string, secret ration.Secret) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "100% & ration?.db")
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	use(t, store, err, func(d database) { secret = fillFile(t, d) })
	fillRest(t, path)
	return path, secret
}

func fillFile(t *testing.T, d database) ration.Secret {
	t.Helper()
	ctx, future := t.Context(), time.Now().Add(1000*time.Hour)
	plan := must[ration.Plan](t)
	for _, name := range []string{"a", "B", "Z.z", "a-b", "aB", "a.c", "b"} { // languages sort them otherwise than bytes
		plan(d.operations.CreatePlan(ctx, actor, admin.NewPlan{Name: name, TimeZone: "Pacific/Chatham", Limits: []ration.Limit{
			limit(t, "5/lifetime"), limit(t, "10/second burst 20"), limit(t, "0 tokens/month"),
		}}))
	}
	for name, unit := range map[string]ration.Unit{"a-b": 0, "a.c": 9, "x": 0} {
		must[admin.Meter](t)(d.operations.SetMeter(ctx, actor, admin.MeterUnit{Name: name, Unit: unit}))
	}
	issued := must[admin.IssuedSecret](t)
	key := issued(d.operations.CreateKey(ctx, actor, admin.NewKey{
		Name: "Ädä \"<&'\\ 😀", Owner: "o'brien", Plan: "a", ExpiresAt: future, Scopes: []string{"read", "write"},
		TimeZone: "Europe/Berlin",
		Metadata: map[string]string{"zz": "<b>&ß", "a": "", "long": strings.Repeat("x", 1000)}, Label: "first",
		Overrides: []ration.Override{
			{Limit: limit(t, "7 tokens/month"), ExpiresAt: future},
			{Limit: limit(t, "3 tokens/month")},
			{Limit: limit(t, "9 tokens/minute burst 11"), ExpiresAt: future},
			{Limit: ration.Limit{Meter: "tokens", Kind: ration.KindRate, Period: ration.PeriodMinute}, Unlimited: true},
			{Limit: limit(t, "9 tokens/hour"), ExpiresAt: future},
			{Limit: limit(t, "0 tokens/hour")},
			{Limit: limit(t, "9 x/minute burst 11"), ExpiresAt: future},
			{Limit: limit(t, "8 x/minute burst 10")},
			{Limit: limit(t, "3 tokens/second burst 6")},
			{Limit: ration.Limit{Meter: "requests", Kind: ration.KindRate, Period: ration.PeriodSecond}, Unlimited: true},
		},
	}))
	must[admin.KeyRecord](t)(d.operations.UpdateKey(ctx, actor, admin.KeyPatch{ID: key.Key.ID, Scopes: []string{"read"}}))
	must[admin.KeyRecord](t)(d.operations.UpdateKey(ctx, actor, admin.KeyPatch{ID: key.Key.ID, SetOverrides: []ration.Override{{Limit: limit(t, "4 y/month")}}, FromNextPeriod: true}))
	plan(d.operations.UpdatePlan(ctx, actor, admin.PlanPatch{Name: "b", SetLimits: []ration.Limit{limit(t, "6/lifetime")}, FromNextPeriod: true}))
	issued(d.operations.RotateKey(ctx, actor, admin.Rotation{ID: key.Key.ID, Overlap: time.Hour}))
	tokens := must[admin.IssuedToken](t)
	tokens(d.operations.CreateToken(ctx, actor, admin.NewToken{Name: "gateway", Scopes: []string{"verify", "read"}, ExpiresAt: future}))
	must[admin.Token](t)(d.operations.RevokeToken(ctx, actor, "gateway"))
	gateway := tokens(d.operations.CreateToken(rationadmin.WithOrigin(ctx, rationadmin.Origin{From: "2001:db8::7", TokenID: uuid.Must(uuid.NewV7())}), actor,
		admin.NewToken{Name: "gateway", Scopes: []string{"verify"}}))
	if err := d.store.NoteTokenUse(ctx, []uuid.UUID{gateway.Token.ID}, time.Now()); err != nil {
		t.Fatal(err)
	}
	tokens(d.operations.CreateToken(ctx, actor, admin.NewToken{Name: "sign-up", Scopes: []string{"keys"}, Owners: []string{"o'brien", "ß"}, Plans: []string{"a"}}))
	for _, name := range []string{"bare", "revoked"} {
		bare := issued(d.operations.CreateKey(ctx, actor, admin.NewKey{Name: name, AllowedIPs: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"),
		}}))
		if name == "revoked" {
			must[admin.KeyRecord](t)(d.operations.RevokeKey(ctx, actor, bare.Key.ID))
		}
	}
	d.charge(t, key.Secret, ration.Amount{Meter: "tokens", Units: 4})
	d.charge(t, key.Secret, ration.Amount{Meter: "tokens", Units: 2})
	d.charge(t, key.Secret, ration.Amount{Meter: "tokens", Units: 3})
	return key.Secret
}

// fillRest puts into columns what takes years, or what nothing writes yet.
func fillRest(t *testing.T, path string) {
	t.Helper()
	for _, statement := range []string{
		"UPDATE plans SET unlimited = 1 WHERE name = 'B'",
		`INSERT INTO api_key_limits (api_key_id, meter, kind, period, name, quantity, burst, starts_at, plan)
			SELECT id, '', 'quota', 'plan from next', '', 0, 0, 1767225600000009, 'Z.z' FROM api_keys WHERE name = 'revoked'`,
		"UPDATE api_keys SET unlimited = 1 WHERE name = 'bare'",
		"UPDATE key_usage SET reserved = 1, hour_reserved = 2, day_reserved = 3, week_reserved = 4, month_reserved = 9007199254740992, minute_rate_tat = -1, minute_rate_rest = 6, second_rate_rest = 7, second_rate_tat = 1767225599999999, minute_rate_quantity = 9007199254740992, minute_rate_quantity_tat = -1, second_rate_quantity = 8, second_rate_quantity_tat = 1767225599999998 WHERE meter = 'tokens'",
		`UPDATE key_usage SET resets = '{"epoch": 2, "periods": [{"period": "day", "date": "2026-01-01", "epoch": 2, "used": 9007199254740992}]}' WHERE meter = 'tokens'`,
		`UPDATE key_usage SET shifted = '[{"period": "day from 06:00", "date": "2026-01-01", "ends_at": "2026-01-02T06:00:00Z", "used": 3, "epoch": 2}]' WHERE meter = 'tokens'`,
		"UPDATE api_key_secrets SET last_used_at = 1767225600000001, revoked_at = 1767225600000002 WHERE api_key_id IN (SELECT id FROM api_keys WHERE name = 'revoked')",
		`INSERT INTO usage_days (api_key_id, meter, date, used, denied, last_request_at, given_back, refunds)
			SELECT id, 'requests', date('2024-02-25', n || ' days'), n * 100000000000000, n % 3, iif(n % 2, NULL, 1708819200000000 + n), n * 3, n % 4
			FROM api_keys, (WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 9) SELECT n FROM c)`,
		"UPDATE key_usage SET counted_used = 9007199254740993, counted_given_back = 5, counted_denied = 6",
		`INSERT INTO usage_hours (api_key_id, meter, hour, used, given_back, denied)
			SELECT id, 'requests', 1708819200000000 + n * 3600000000, n * 100000000000000, n * 3, n % 3
			FROM api_keys, (WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 9) SELECT n FROM c)`,
		"INSERT INTO usage_days_since (since) VALUES ('2024-02-24')",
		"INSERT INTO usage_hours_since (since) VALUES (1708819200000000)",
		`INSERT INTO traffic_hours (hour, via, code, counter, answers)
			SELECT 1708819200000000 + n * 3600000000, 'proxy', iif(n % 2, 'ok', 'key_unknown'), id, n * 1000000000000000
			FROM api_keys, (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9) SELECT n FROM c)`,
		"INSERT INTO traffic_hours_since (since) VALUES (1708819200000000)",
		`INSERT INTO reservations
			SELECT api_key_id, secret_id, iif(n, 'expired', 'open'), iif(n, 'release', 'keep'),
				'[{"units":9007199254740992,"meter":"requests","hour":"2026-01-01T00:00:00Z","day":"2026-01-01","week":"2025-12-29","month":"2026-01-01"}]',
				iif(n, '[{"meter":"requests","units":5}]', NULL), 1767225600000001 + n, 1767225600000003, iif(n, 1767225600000004, NULL), iif(n, 1767225600000005, NULL),
				digest, '[{"name":"<requests-day>","meter":"requests","remaining":0}]'
			FROM (SELECT api_key_id, secret_id, digest, row_number() OVER () % 2 AS n FROM secret_digests)`,
		`INSERT INTO refunds
			SELECT api_key_id, meter, period, label, units, 1767225600000007 FROM (SELECT DISTINCT api_key_id FROM secret_digests),
				(SELECT 'requests' AS meter UNION ALL SELECT 'a-b' UNION ALL SELECT 'a.c'), (SELECT 'hour' AS period, 491000 AS label, 3 AS units
				UNION ALL SELECT 'day', 20458, 9007199254740993 UNION ALL SELECT 'lifetime', 0, 4611686018427387904)`,
		"INSERT INTO admin_answers SELECT digest, digest, CAST(digest || x'00ff' AS BLOB), 1767225600000009 FROM secret_digests",
		`INSERT INTO jobs
			SELECT secret_id, 'keys.import', iif(n, 'running', 'done'), 'token:a''b', '::1', iif(n, secret_id, NULL), iif(n, '["a\"b","株"]', '[]'), '[]',
				'{"Filter":{"Name":"a'' b\u0000"}}', 9007199254740993, 3, iif(n, api_key_id, NULL), 2, '{"created":1}', '[{"row":2,"reason":"<&>"}]', iif(n, '', 'it failed'),
				iif(n, secret_id, NULL), iif(n, 1767225600000001, NULL), 1767225600000002, iif(n, 1767225600000003, NULL), iif(n, NULL, 1767225600000004)
			FROM (SELECT api_key_id, secret_id, row_number() OVER () % 2 AS n FROM secret_digests)`,
		"UPDATE events SET position = seq WHERE seq % 2",
		"INSERT INTO event_feed (last, deleted) VALUES (9007199254740993, 9007199254740992)",
		"INSERT INTO event_marks SELECT api_key_id, 'limit株 ' || n, iif(n, NULL, 1767225600000003) FROM (SELECT api_key_id, row_number() OVER () % 2 AS n FROM secret_digests GROUP BY api_key_id)",
		"UPDATE api_keys SET expiry_told_at = 1767225600000004 WHERE name = 'bare'",
		`INSERT INTO webhooks
			SELECT secret_id, 'https://example.com/ß?a=''b', iif(n, '["key.created","key.revoked"]', '[]'), 'whsec_' || n, iif(n, 'whsec_a''b', NULL), iif(n, 1767225600000001, NULL),
				n, 1767225600000002, iif(n, '', 'the endpoint answered "410 Gone"'), 'token:a''b', 1767225600000003, 1767225600000004
			FROM (SELECT secret_id, row_number() OVER () % 2 AS n FROM secret_digests)`,
		`INSERT INTO deliveries
			SELECT secret_id, 9007199254740993 - n, api_key_id, 'key.created', iif(n, 'waiting', 'dead'), 1 - n, 1767225600000001, 1767225600000002, iif(n, 1767225600000003, NULL),
				iif(n, secret_id, NULL), 9007199254740993, 500, 'no "answer" <&>', iif(n, NULL, 1767225600000004)
			FROM (SELECT api_key_id, secret_id, row_number() OVER () % 2 AS n FROM secret_digests)`,
		"INSERT INTO job_inputs SELECT id, n, CAST(x'00ff' || n AS BLOB) FROM jobs, (SELECT 0 AS n UNION ALL SELECT 1)",
		`INSERT INTO sessions
			SELECT secret_id, digest, 'ß', 'user:a''b', iif(n, 'link', 'token'), iif(n, NULL, secret_id), '["read"]', iif(n, '["a\"b","株"]', '[]'), '[]', '::1', 'Mozilla <&>',
				1767225600000001, 1767225600000002, 1767225600000003, iif(n, NULL, 1767225600000004)
			FROM (SELECT secret_id, digest, row_number() OVER () % 2 AS n FROM secret_digests)`,
		`INSERT INTO login_links
			SELECT secret_id, digest, 'ß', '["admin"]', '[]', iif(n, '["a"]', '[]'), 'cli:a''b', iif(n, NULL, secret_id), 1767225600000001, 1767225600000002, iif(n, NULL, 1767225600000003)
			FROM (SELECT secret_id, digest, row_number() OVER () % 2 AS n FROM secret_digests)`,
		`INSERT INTO key_requests
			SELECT id, 'a"b@' || name, '<&> 株', '::1', 1767225600000001, 1767225600000002, iif(status = 'revoked', 'rejected', ''), iif(status = 'revoked', 1767225600000003, NULL),
				'token:a''b', '\u0000', iif(status = 'revoked', 1767225600000004, NULL) FROM api_keys`,
		"INSERT INTO pickup_links SELECT digest, api_key_id, 'a''b', 'cli:x', 1767225600000005, 1767225600000006, iif(secret_id < api_key_id, 1767225600000007, NULL) FROM secret_digests",
		"INSERT INTO leases SELECT api_key_id, secret_id, 'requests', 1767225600000008 FROM secret_digests",
		`INSERT INTO idempotency_keys
			SELECT api_key_id, name, digest, '{"limits":[],"reservation":{"id":"&","held":[]}}', 1767225600000006
			FROM secret_digests, (SELECT value AS name FROM json_each('["a","B","Z.z","a-b","aB","a.c","b","Ä😀"]')) GROUP BY api_key_id, name`,
	} {
		execute(t, path, statement)
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db := openSQL(t, path)
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// openSQL opens a file, or a postgres:// URL, without Ration.
func openSQL(t *testing.T, place string) *sql.DB {
	t.Helper()
	driver := "pgx"
	if !strings.HasPrefix(place, "postgres") {
		driver, place = "sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(place)
	}
	db, err := sql.Open(driver, place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// query calls each with every row of a query's answer.
func query(t *testing.T, place, text string, each func(values []any)) {
	t.Helper()
	db := openSQL(t, place)
	rows, err := db.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	columns := must[[]string](t)(rows.Columns())
	for rows.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		each(values)
	}
	if err := errors.Join(rows.Err(), rows.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// texts returns the first column of a query's answer.
func texts(t *testing.T, place, text string) (found []string) {
	t.Helper()
	query(t, place, text, func(values []any) { found = append(found, fmt.Sprint(values[0])) })
	return found
}

// dump returns all rows of a file as SQLite has them, but for the order of names
// in JSON, which PostgreSQL doesn't keep.
func dump(t *testing.T, path string) (lines []string) {
	t.Helper()
	for _, table := range dbcopy.Tables() {
		query(t, path, "SELECT * FROM "+table, func(values []any) {
			lines = append(lines, fmt.Sprintf("%s %#v", table, sortNames(values)))
		})
	}
	slices.Sort(lines)
	return lines
}

func sortNames(values []any) []any {
	for i, value := range values {
		text, ok := value.(string)
		var parsed any
		if ok && (strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")) && json.Unmarshal([]byte(text), &parsed) == nil {
			values[i] = fmt.Sprintf("%#v", parsed)
		}
	}
	return values
}

func wantEqual(t *testing.T, first, second string) {
	t.Helper()
	if diff := cmp.Diff(dump(t, first), dump(t, second)); diff != "" {
		t.Errorf("rows (-first +second):\n%s", diff)
	}
}

func file(path string) dbcopy.Place  { return dbcopy.Place{Path: path} }
func server(url string) dbcopy.Place { return dbcopy.Place{URL: url} }

// mustCopy copies from one place to another.
func mustCopy(t *testing.T, from, to dbcopy.Place) []dbcopy.Compared {
	t.Helper()
	compared, err := dbcopy.RunInChunks(t.Context(), dbcopy.Config{From: from, To: to}, 7)
	if err != nil {
		t.Fatal(err)
	}
	return compared
}
