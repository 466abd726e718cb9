package postgres_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// over leads to a server over several wires, in their order.
func over(wires ...*testdb.Wire) string {
	var urls []string
	for _, w := range wires {
		urls = append(urls, w.DSN())
	}
	return testdb.Among(urls...)
}

// A host that accepts connections and says nothing must cost its own time alone:
// for migrations, at start, for decisions and for administration. Which host
// answered last comes first, so that it costs even that only once.
func TestSilentHostHoldsUpNobody(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	silent, sound := testdb.NewWire(t, d.url), testdb.NewWire(t, d.url)
	silent.BlackHole()
	both := over(silent, sound)
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: both}); err != nil {
		t.Errorf("Migrate = %v", err)
	}
	store := (&database{url: both}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	charge(t, store, id)

	silent.Heal()
	sound.BlackHole() // the one that answered last
	_ = untilDecided(t, store, id)
	_ = awaitError(t, func() error { return store.Ready(t.Context()) }, nil)
	_ = awaitError(t, func() error { _, err := store.CreateKey(t.Context(), newKey("")); return err }, nil)
}

// A URL that refuses the primary can't be served, however long is waited.
func TestURLThatRefusesThePrimaryIsSaid(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	for _, attrs := range []string{"standby", "read-only"} {
		for _, hosts := range []string{d.url, testdb.Among(d.url, testdb.NewWire(t, d.url).DSN())} {
			config := postgres.Config{URL: hosts + "&target_session_attrs=" + attrs}
			_, err := postgres.Open(t.Context(), config)
			_, _, migrating := postgres.Migrate(t.Context(), config)
			for _, err := range []error{err, migrating} {
				if err == nil || !strings.Contains(err.Error(), "remove it from the database URL") || postgres.IsAway(err) {
					t.Errorf("%s: %v, away %t", attrs, err, postgres.IsAway(err))
				}
			}
		}
	}
	for _, attrs := range []string{"any", "primary", "read-write", "prefer-standby"} {
		store := (&database{url: testdb.Among(d.url, testdb.NewWire(t, d.url).DSN()) + "&target_session_attrs=" + attrs}).open(t, postgres.Config{})
		charge(t, store, createKey(t, store, ""))
	}
}
