package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/postgres"
)

// hostileSettings are what a role, a database or a neighbour on the same session
// may have set, and what would weaken or break a transaction that took it over.
var hostileSettings = []string{
	"synchronous_commit = off",
	"lock_timeout = 1",
	"statement_timeout = 0",
	"idle_in_transaction_session_timeout = 0",
	"default_transaction_isolation = 'repeatable read'",
	"plan_cache_mode = force_custom_plan",
	"enable_indexscan = off", "enable_nestloop = off", "enable_seqscan = on", "jit = on",
	"\"TimeZone\" = 'Asia/Kathmandu'", "\"DateStyle\" = 'German, DMY'", "\"IntervalStyle\" = 'sql_standard'",
	"bytea_output = 'escape'", "extra_float_digits = -15", "standard_conforming_strings = off",
	"row_security = off", "client_encoding = 'LATIN1'",
	"client_min_messages = error", "exit_on_error = on",
}

// wantSettings are those of every transaction that changes anything.
var wantSettings = map[string]string{
	"synchronous_commit": "on", "lock_timeout": "500ms", "statement_timeout": "2s",
	"idle_in_transaction_session_timeout": "3s", "transaction_isolation": "read committed",
	"plan_cache_mode": "force_generic_plan", "search_path": "public, pg_temp",
	"enable_indexscan": "on", "enable_nestloop": "on", "enable_seqscan": "off",
	"enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off",
	"client_min_messages": "warning", "exit_on_error": "off",
}

// noteSettings makes every transaction that asks for the time note its settings.
func (d *database) noteSettings(t *testing.T) {
	t.Helper()
	d.exec(t, "CREATE TABLE noted (pid int, name text, setting text)")
	d.exec(t, "GRANT ALL ON noted TO PUBLIC")
	var names []string
	for name := range wantSettings {
		names = append(names, "'"+name+"'")
	}
	d.exec(t, `CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $body$
		BEGIN
			IF current_setting('transaction_read_only') = 'on' THEN RETURN clock_timestamp(); END IF;
			INSERT INTO public.noted SELECT pg_backend_pid(), name, current_setting(name)
			FROM unnest(ARRAY[`+strings.Join(names, ", ")+`]) AS n (name);
			RETURN clock_timestamp();
		END $body$`)
}

// wantNoted compares what was noted of one session, or of all, and forgets it.
func (d *database) wantNoted(t *testing.T, pid int) {
	t.Helper()
	rows, err := d.conn.Query(context.Background(), "SELECT DISTINCT name, setting FROM noted WHERE pid = $1 OR $1 = 0", pid)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	var name, setting string
	if _, err := pgx.ForEachRow(rows, []any{&name, &setting}, func() error { got[name] += setting; return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantSettings, got); diff != "" {
		t.Errorf("settings of transactions (-want +got):\n%s", diff)
	}
	d.exec(t, "DELETE FROM noted")
}

// set gives new sessions of the database settings.
func (d *database) set(t *testing.T, settings ...string) {
	t.Helper()
	name := pgx.Identifier{ask[string](t, d, "SELECT current_database()")}.Sanitize()
	for _, setting := range settings {
		d.exec(t, "ALTER DATABASE "+name+" SET "+setting)
	}
}

func connectThroughPooler(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

const foreignName = "Zoë, 鍵, \\ and '" // not to be had in LATIN1

// createForeignKey creates a key with a name that an encoding could break.
func createForeignKey(t *testing.T, store *postgres.Store) ration.KeyID {
	t.Helper()
	record, err := store.CreateKey(t.Context(), func(change *admin.KeyChange) error {
		err := newKey("")(change)
		change.Key.Name = foreignName
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if record.Name != foreignName {
		t.Errorf("the key's name is %q, want %q", record.Name, foreignName)
	}
	return record.ID
}

func TestSettingsOfTheDatabaseReachNoTransaction(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.noteSettings(t)
	d.set(t, hostileSettings...)
	store := d.open(t, postgres.Config{})
	id := createForeignKey(t, store)
	if codes := charge(t, store, id, id); codes[1] != ration.CodeOK {
		t.Errorf("got %v", codes)
	}
	d.wantNoted(t, 0)
	if name := ask[string](t, d, "SELECT name FROM api_keys WHERE id = $1", [16]byte(id)); name != foreignName {
		t.Errorf("stored is %q, want %q", name, foreignName)
	}
	wantUsage(t, store, id, 2)
}

func wantUsage(t *testing.T, store *postgres.Store, id ration.KeyID, want int64) {
	t.Helper()
	usage, _, err := store.KeyUsage(t.Context(), id)
	if err != nil || usage[0].Used != want {
		t.Errorf("KeyUsage = %+v, %v; want %d used", usage, err, want)
	}
}

// A neighbour shares the only session of a pooler with a store and leaves it in
// a state that it needs itself.
func TestSettingsOfANeighbourReachNoTransaction(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][]string{
		"settings":                prefixed("SET ", hostileSettings),
		"search path":             {"SET search_path = elsewhere, pg_catalog"},
		"temporary tables":        {"CREATE TEMPORARY TABLE key_usage (LIKE public.key_usage INCLUDING ALL)", "CREATE TEMPORARY TABLE goose_db_version (version_id bigint, is_applied boolean)"},
		"role":                    {"SET ROLE nobody_in_particular"},
		"prepared statements":     {"PREPARE ration_0 AS SELECT 1", "PREPARE ration_1 AS SELECT 1"},
		"no prepared statements":  {"DEALLOCATE ALL"},
		"everything is discarded": {"DISCARD ALL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			d.noteSettings(t)
			d.exec(t, "CREATE SCHEMA elsewhere")
			d.exec(t, "CREATE TABLE elsewhere.key_usage (LIKE public.key_usage INCLUDING ALL)")
			d.exec(t, "CREATE TABLE elsewhere.usage_days (LIKE public.usage_days INCLUDING ALL)")
			if name == "role" {
				d.exec(t, "CREATE ROLE nobody_in_particular")
				t.Cleanup(func() { d.exec(t, "DROP ROLE nobody_in_particular") })
			}
			pooled := d.pooled(t, map[string]string{"default_pool_size": "1"})
			neighbour := connectThroughPooler(t, pooled.url)
			leave := func() {
				for _, statement := range statements {
					if _, err := neighbour.Exec(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				statements = withoutDefinitions(statements)
			}
			leave()
			store := pooled.open(t, postgres.Config{})
			leave()
			id := createForeignKey(t, store)
			leave()
			if codes := charge(t, store, id); codes[0] != ration.CodeOK {
				t.Errorf("got %v", codes)
			}
			leave()
			wantUsage(t, store, id, 1)
			if got := d.used(t, id); got != 1 {
				t.Errorf("%d are recorded, want 1", got)
			}
			var pid int
			if err := neighbour.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				t.Fatal(err)
			}
			d.wantNoted(t, pid)
			leave()
			if from, to, err := postgres.Migrate(t.Context(), postgres.Config{URL: pooled.url}); err != nil || from != ownVersion || to != ownVersion {
				t.Errorf("Migrate = %d, %d, %v", from, to, err)
			}
		})
	}
}

func prefixed(prefix string, texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, prefix+text)
	}
	return all
}

// withoutDefinitions leaves out what can be done only once in a session.
func withoutDefinitions(statements []string) (again []string) {
	for _, statement := range statements {
		if !strings.HasPrefix(statement, "CREATE ") && !strings.HasPrefix(statement, "PREPARE ") {
			again = append(again, statement)
		}
	}
	return again
}

// Two schemas have Ration's tables. The store keeps to the one that it was opened
// on, though role or database are given another search path while it runs.
func TestStoreKeepsToItsSchema(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.exec(t, "CREATE SCHEMA elsewhere")
	alter := "ALTER DATABASE " + pgx.Identifier{ask[string](t, d, "SELECT current_database()")}.Sanitize() + " SET search_path = "
	d.exec(t, alter+"elsewhere")
	migrated(t, d.url)
	d.exec(t, alter+"nowhere, public, elsewhere")
	store := d.open(t, postgres.Config{})
	id := createKey(t, store, "")
	charge(t, store, id)
	d.exec(t, alter+"elsewhere, public")
	d.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	for i := range 3 {
		charge(t, store, id)
		wantUsage(t, store, id, int64(i)+2)
	}
	if got := ask[int](t, d, "SELECT count(*) FROM elsewhere.key_usage"); got != 0 {
		t.Errorf("%d rows are in the other schema", got)
	}
	d.exec(t, alter+"nowhere")
	given := (&database{url: d.url + "&search_path=elsewhere"}).open(t, postgres.Config{})
	charge(t, given, createKey(t, given, ""))
	if got := ask[int](t, d, "SELECT sum(used) FROM elsewhere.key_usage"); got != 1 {
		t.Errorf("%d are recorded in the schema of the URL, want 1", got)
	}
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: d.url}); err == nil || !strings.Contains(err.Error(), "names no schema") {
		t.Errorf("Migrate without a schema = %v", err)
	}
	if store, err := postgres.Open(t.Context(), postgres.Config{URL: d.url}); err == nil {
		_ = store.Close()
		t.Error("a database without a schema was opened")
	} else if !strings.Contains(fmt.Sprint(err), "names no schema") {
		t.Errorf("Open without a schema = %v", err)
	}
}
