package storetest

import (
	"fmt"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// wordless is how many keys have no words: more than are written in one transaction.
const wordless = 250

// RunWordless finds keys whose words nobody has written, as a migration and an older release
// leave them, and then has them written. The store is empty, run runs a statement in its
// database, and epoch is 1970 in the database's words.
func RunWordless(t *testing.T, store Store, run func(statement string), epoch string) {
	for i := range wordless {
		_, err := store.CreateKey(t.Context(), func(change *admin.KeyChange) error {
			change.Key.Key = ration.Key{
				ID: ration.NewKeyID(), Name: fmt.Sprintf("Old %d", i), Status: ration.StatusActive, CreatedAt: change.Now, UpdatedAt: change.Now,
			}
			change.Audit = entry("key.create", change.Key.ID.String())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	finds := func(text string, want int) {
		t.Helper()
		found, filter := 0, admin.KeyFilter{Search: text, Limit: 100}
		for page := 0; page == 0 || !filter.After.IsZero(); page++ {
			keys, err := store.ListKeys(t.Context(), filter)
			if err != nil {
				t.Fatal(err)
			}
			found, filter.After = found+len(keys.Keys), keys.Next
		}
		if found != want {
			t.Errorf("%q finds %d keys; want %d", text, found, want)
		}
	}
	writes := func(want int) {
		t.Helper()
		if written, err := store.WriteKeyWords(t.Context()); err != nil || written != want {
			t.Errorf("the words of %d keys written, %v; want %d", written, err, want)
		}
	}
	finds("old", wordless)
	writes(0)
	run("DELETE FROM key_words") // as a migration leaves it
	run("UPDATE api_keys SET words_at = " + epoch)
	finds("old", wordless)
	finds("old 77", 1)
	writes(wordless)
	writes(0)
	finds("old", wordless)
	run("UPDATE api_keys SET name = 'Zelda', words_at = " + epoch + " WHERE name = 'Old 77'") // as an older release does
	finds("zel", 1)
	finds("old 77", 0)
	writes(1)
	finds("zel", 1)
	finds("old 77", 0)
	finds("old", wordless-1)
}
