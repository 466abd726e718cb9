package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// TestManyEventsOfOneBatch writes the most events that a batch is likely to cause. If each
// were compared with each mark, the statement would take longer than any may.
func TestManyEventsOfOneBatch(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	thresholds := []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
	limits := []string{"1/hour", "1/day", "1/week", "1/month", "1/lifetime"}
	store := d.open(t, postgres.Config{LimitThresholds: thresholds, Lanes: 1})
	name := uuid.NewString()
	createPlan(t, store, name, limits...)
	items := make([]testbatch.Item, 256)
	for i := range items {
		items[i].Charge = ration.Charge{KeyID: createKey(t, store, name)}
	}
	start := time.Now()
	if _, err := store.Charge(t.Context(), testbatch.Of(t, items...)); err != nil {
		t.Fatalf("charging after %s: %v", time.Since(start), err)
	}
	t.Logf("the batch took %s", time.Since(start))
	for published := admin.MostPublished; published == admin.MostPublished; {
		var err error
		if published, err = store.PublishEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []int{0, len(items) - 1} {
		page, err := store.ListEvents(t.Context(), admin.EventFilter{KeyID: items[at].KeyID, Type: admin.EventLimitThreshold})
		if err != nil || len(page.Events) != len(thresholds)*len(limits) {
			t.Errorf("key %d: %d events, %v; want %d", at, len(page.Events), err, len(thresholds)*len(limits))
		}
	}
}
