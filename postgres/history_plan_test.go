package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testquery"
	"github.com/ration-dev/ration/postgres"
)

// TestHistoryOfKeysIsReadKeyByKey looks at the plans of what is read of the history of
// many keys: by dates it would be all keys' history.
func TestHistoryOfKeysIsReadKeyByKey(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*testing.T, *database){
		"empty":    func(*testing.T, *database) {},
		"small":    func(t *testing.T, d *database) { fillTables(t, d, 10); d.exec(t, "ANALYZE") },
		"large":    func(t *testing.T, d *database) { fillTables(t, d, 5000) },
		"analysed": func(t *testing.T, d *database) { fillTables(t, d, 5000); d.exec(t, "ANALYZE") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			fill(t, d)
			question := admin.HistoryQuestion{Meters: []string{"requests", "tokens"}, From: 1, HoursFrom: time.Unix(0, 0)}
			for range 250 {
				question.Keys = append(question.Keys, ration.NewKeyID())
			}
			asked, err := testquery.HistoryOfKeys(t.Context(), postgres.Administered(d.open(t, postgres.Config{})), question)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"usage_days", "usage_hours"} {
				plan := planOfAsked(t, d, asked, "JOIN "+table+" ")
				if !byPrimaryKey.MatchString(plan) || !strings.Contains(plan, "Index Cond: ((api_key_id = u.api_key_id) AND (meter = u.meter)") {
					t.Errorf("%s is not read by key:\n%s", table, plan)
				}
			}
		})
	}
}

// planOfAsked explains the query with a text, as reads plan it.
func planOfAsked(t *testing.T, d *database, asked []testquery.Asked, text string) string {
	t.Helper()
	at := slices.IndexFunc(asked, func(a testquery.Asked) bool { return strings.Contains(a.SQL, text) })
	if at < 0 {
		t.Fatalf("nothing asked %q", text)
	}
	return d.planOf(t, &asked[at], postgres.ListInOrderSQL)
}
