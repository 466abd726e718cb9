package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/postgres"
)

// TestDeliveriesAreFoundByTheirIndexes looks at the plans of all that is asked and written,
// while much waits and much is dead: nothing may read or sort all deliveries.
func TestDeliveriesAreFoundByTheirIndexes(t *testing.T) {
	t.Parallel()
	for name, analyse := range map[string]string{"large": "SELECT 1", "analysed": "ANALYZE"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			store := d.open(t, postgres.Config{})
			issued, err := admin.New(store, admin.Config{}).CreateWebhook(t.Context(), "test", admin.NewWebhook{URL: "https://example.com/"})
			if err != nil {
				t.Fatal(err)
			}
			key := createKey(t, store, "")
			for _, sql := range []string{
				"UPDATE event_feed SET last = 20000",
				`INSERT INTO events (id, api_key_id, type, at, key_name, owner, data, position)
					SELECT gen_random_uuid(), ('00000000-0000-0000-0000-' || lpad((i % 100)::text, 12, '0'))::uuid, 'key.created', now(), '', '', '{}', i FROM generate_series(2, 20000) i`,
				`INSERT INTO deliveries (webhook_id, position, api_key_id, type, state, replayed, waits_since, begun_at, next_at, attempts, status, problem)
					SELECT w.id, e.position, e.api_key_id, e.type, (ARRAY['waiting', 'delivered', 'dead'])[1 + e.position % 3], false, now(), now(), CASE WHEN e.position < 300 AND e.position % 3 = 0 THEN now() END, 0, 0, ''
					FROM webhooks w, events e WHERE e.position IS NOT NULL`,
				analyse,
			} {
				d.exec(t, sql)
			}
			asked, err := testquery.Deliveries(t.Context(), postgres.Administered(store), issued.ID, key)
			if err != nil {
				t.Fatal(err)
			}
			looked := 0
			for i := range asked {
				if one := &asked[i]; strings.Contains(one.SQL, "deliveries") {
					looked++
					before := "SELECT 1"
					if strings.Contains(one.SQL, "ORDER BY d.position") || strings.Contains(one.SQL, "count(*)") {
						before = postgres.ListInOrderSQL
					}
					if plan := d.planOf(t, one, before); strings.Contains(plan, "Seq Scan on deliveries") || strings.Contains(plan, "Seq Scan on events") {
						t.Errorf("%s\n%s", one.SQL, plan)
					}
				}
			}
			if looked < 25 {
				t.Errorf("%d statements about deliveries, want all", looked)
			}
		})
	}
}

// TestNoDeliveryIsForgottenBehindOneThatEnds holds a transaction open that adds a delivery
// behind another one, as publishing does, while that one ends; and then one that ends the
// first, while publishing adds another one.
func TestNoDeliveryIsForgottenBehindOneThatEnds(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	issued, err := admin.New(store, admin.Config{}).CreateWebhook(t.Context(), "test", admin.NewWebhook{URL: "https://example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	key := createKey(t, store, "")
	if _, err := store.PublishEvents(t.Context()); err != nil {
		t.Fatal(err)
	}
	take := func() admin.DeliveryRun {
		t.Helper()
		run, found, err := store.TakeDelivery(t.Context(), uuid.New(), nil)
		if err != nil || !found {
			t.Fatalf("taken: %t, %v; want a delivery", found, err)
		}
		return run
	}
	event := func(position any) string {
		return `INSERT INTO events (id, api_key_id, type, at, key_name, owner, data, position)
			SELECT gen_random_uuid(), id, 'key.revoked', now(), '', '', '{}', ` + map[bool]string{true: "1000", false: "NULL"}[position != nil] + ` FROM api_keys`
	}
	first := take()
	begin := func(statements ...string) (commit func()) {
		t.Helper()
		tx, err := connect(t, d.url).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range statements {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		return func() {
			t.Helper()
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	wait := func(do func() error, commit func()) {
		t.Helper()
		ended := make(chan error, 1)
		go func() { ended <- do() }()
		d.await(t, somebodyWaits)
		commit()
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it waits still")
		}
	}
	commit := begin("UPDATE webhooks SET url = url", event(1000), `INSERT INTO deliveries (webhook_id, position, api_key_id, type, state, replayed, waits_since, begun_at, attempts, status, problem)
		SELECT w.id, 1000, k.id, 'key.revoked', 'waiting', false, now(), now(), 0, 0, '' FROM webhooks w, api_keys k`)
	wait(func() error {
		return store.EndDelivery(t.Context(), first, admin.DeliveryOutcome{State: admin.DeliveryDelivered})
	}, commit)
	second := take()
	if second.Event.Position != 1000 || second.Event.KeyID != key || second.WebhookID != issued.ID {
		t.Fatalf("taken %+v, want what was added behind the first", second)
	}
	d.exec(t, "UPDATE event_feed SET last = 1000")
	d.exec(t, event(nil))
	commit = begin("UPDATE webhooks SET url = url", "UPDATE deliveries SET state = 'dead', next_at = NULL, lease_id = NULL WHERE position = 1000")
	wait(func() error {
		_, err := store.PublishEvents(t.Context())
		return err
	}, commit)
	if third := take(); third.Event.Position != 1001 {
		t.Errorf("taken %+v, want what was added while the one before it ended", third)
	}
}
