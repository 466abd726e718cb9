package sqlite_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/sqlite"
)

// TestDeliveriesAreFoundByTheirIndexes looks at the plans of all that is asked and written:
// nothing may read or sort all deliveries.
func TestDeliveriesAreFoundByTheirIndexes(t *testing.T) {
	for _, state := range []string{"empty", "analysed"} {
		store := open(t, sqlite.Config{Path: newPath(t)})
		issued, err := admin.New(store, admin.Config{}).CreateWebhook(t.Context(), "test", admin.NewWebhook{URL: "https://example.com/"})
		if err != nil {
			t.Fatal(err)
		}
		key := createKey(t, store, "")
		if state == "analysed" {
			if _, err := store.PublishEvents(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, sql := range []string{
				`INSERT INTO events (id, api_key_id, type, at, key_name, owner, data, position)
					SELECT randomblob(16), api_key_id, type, at, '', '', '{}', value FROM events, (WITH RECURSIVE numbers (value) AS (SELECT 100 UNION ALL SELECT value + 1 FROM numbers WHERE value < 400) SELECT value FROM numbers)`,
				`INSERT INTO deliveries (webhook_id, position, api_key_id, type, state, replayed, waits_since, begun_at, attempts, status, problem)
					SELECT w.id, position, api_key_id, type, iif(position % 2, 'waiting', 'dead'), 0, at, at, 0, 0, '' FROM webhooks w, events WHERE position >= 100`,
				"UPDATE event_feed SET last = 400",
				"ANALYZE",
			} {
				if err := store.Run(t.Context(), sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
		}
		createKey(t, store, "")
		asked, err := testquery.Deliveries(t.Context(), sqlite.Administered(store), issued.ID, key)
		if err != nil {
			t.Fatal(err)
		}
		slow, looked := regexp.MustCompile(`SCAN (d|a|e|deliveries|events)$|TEMP B-TREE`), 0
		for _, one := range asked {
			if !strings.Contains(one.SQL, "deliveries") {
				continue
			}
			looked++
			steps, err := store.Steps(t.Context(), sqlite.Query{Text: one.SQL, Values: make([]any, len(one.Args))})
			if err != nil {
				t.Fatalf("%s: %v", one.SQL, err)
			}
			for _, step := range steps {
				if slow.MatchString(step) {
					t.Errorf("%s: %s\n%s", state, one.SQL, strings.Join(steps, "; "))
				}
			}
		}
		if looked < 25 {
			t.Errorf("%d statements about deliveries, want all", looked)
		}
	}
}
