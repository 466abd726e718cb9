package postgres_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// over leads to a server over several wires, in their order.
func over(t *testing.T, wires ...*testdb.Wire) string {
	t.Helper()
	var together *url.URL
	for _, w := range wires {
		one, err := url.Parse(w.DSN())
		if err != nil {
			t.Fatal(err)
		}
		if together == nil {
			together = one
			continue
		}
		together.Host += "," + one.Host
	}
	return together.String()
}

// A host that accepts connections and says nothing must cost its own time alone:
// for migrations, at start, for decisions and for administration. Which host
// answered last comes first, so that it costs even that only once.
func TestSilentHostHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const enough = 5 * time.Second // that callers wait
	d := newDatabase(t)
	silent, sound := testdb.NewWire(t, d.url), testdb.NewWire(t, d.url)
	silent.BlackHole()
	both := over(t, silent, sound)
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: both}); err != nil {
		t.Errorf("Migrate = %v", err)
	}
	store := (&database{url: both}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	charge(t, store, id)

	silent.Heal()
	sound.BlackHole() // the one that answered last
	began := time.Now()
	for {
		decisions, err := store.Charge(t.Context(), batchOf(t, id))
		if err == nil && decisions[0].Code == ration.CodeOK {
			break
		}
		if time.Since(began) > 4*enough {
			t.Fatalf("no decision since %s: %v", time.Since(began), err)
		}
	}
	_ = awaitError(t, func() error { return store.Ready(t.Context()) }, nil)
	_ = awaitError(t, func() error { _, err := store.CreateKey(t.Context(), newKey("")); return err }, nil)
}
