package sqlite_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/sqlite"
)

// TestHistoryOfKeysIsReadKeyByKey: by dates it would be all keys' history.
func TestHistoryOfKeysIsReadKeyByKey(t *testing.T) {
	for _, state := range []string{"empty", "analysed"} {
		store := open(t, sqlite.Config{Path: newPath(t)})
		key := createKey(t, store, "")
		if state == "analysed" {
			charge(t, store, key)
			if err := store.Run(t.Context(), "ANALYZE"); err != nil {
				t.Fatal(err)
			}
		}
		queries, err := store.ReadDuring(t.Context(), func() error {
			_, err := store.HistoryOfKeys(t.Context(), admin.HistoryQuestion{
				Keys: []ration.KeyID{key, ration.NewKeyID()}, Meters: []string{"requests", "tokens"}, From: 1, HoursFrom: time.Unix(0, 0),
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, query := range queries {
			for table, want := range map[string]string{"usage_days": "SEARCH d USING INDEX usage_days_key (api_key_id=? AND date>?)", "usage_hours": "SEARCH d USING INDEX usage_hours_key (api_key_id=? AND hour>?)"} {
				if !strings.Contains(query.Text, "JOIN "+table+" ") {
					continue
				}
				found++
				steps, err := store.Steps(t.Context(), query)
				if err != nil {
					t.Fatal(err)
				}
				if text := strings.Join(steps, "; "); !strings.Contains(text, "SEARCH u USING PRIMARY KEY (api_key_id=?") || !strings.Contains(text, want) {
					t.Errorf("%s, %s: %s", table, state, text)
				}
			}
		}
		if found != 2 {
			t.Errorf("%d queries of the history, want 2", found)
		}
	}
}
