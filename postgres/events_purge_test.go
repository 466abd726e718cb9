package postgres_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/postgres"
)

// TestPurgeOfEventsReadsOnlyItsPart counts the rows that are read to delete one part of many
// old events. If each part looked for the first event that is kept, all would be read.
func TestPurgeOfEventsReadsOnlyItsPart(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.open(t, postgres.Config{})
	conn := connect(t, d.url)
	const old, part = 20_000, 100
	d.exec(t, `INSERT INTO events (id, api_key_id, type, at, key_name, owner, data, position)
		SELECT gen_random_uuid(), gen_random_uuid(), 'key.created', now() - make_interval(days => CASE WHEN i > 20000 THEN 0 ELSE 50 END), '', '', '{}', i
		FROM generate_series(1, 20001) AS i`)
	d.exec(t, "INSERT INTO event_feed (last) VALUES (20001)")
	read := func() (rows int64) {
		t.Helper()
		const counted = "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'events' AND schemaname = current_schema()"
		if err := conn.QueryRow(t.Context(), counted).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	for _, setting := range []string{"BEGIN", "SET LOCAL enable_seqscan = off", "SET LOCAL enable_hashjoin = off", "SET LOCAL enable_mergejoin = off"} {
		if _, err := conn.Exec(t.Context(), setting); err != nil {
			t.Fatal(err)
		}
	}
	before, deleted := read(), 0
	if err := conn.QueryRow(t.Context(), postgres.PurgeEventsSQL, time.Now(), (30 * 24 * time.Hour).Seconds(), part).Scan(&deleted); err != nil {
		t.Fatal(err)
	}
	if rows := read() - before; deleted != part || rows > 5*part {
		t.Errorf("deleting %d of %d old events read %d rows, want at most %d", deleted, old, rows, 5*part)
	}
	if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	store := d.open(t, postgres.Config{Events: 30 * 24 * time.Hour})
	if _, err := store.PurgeKept(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := store.ListEvents(t.Context(), admin.EventFilter{})
	if err != nil || len(left.Events) != 1 || left.Events[0].Position != old+1 {
		t.Errorf("left are %+v, %v; want the last event", left, err)
	}
}
