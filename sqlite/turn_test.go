package sqlite_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/sqlite"
)

// TestRevocationWaitsForTheBatchesBeforeItAlone puts a revocation between
// batches that wait for the writer: the one before it is admitted, and all after
// it are denied. An engine has one batch of this store under way at a time, so
// a revocation is in force in the next batch but one.
func TestRevocationWaitsForTheBatchesBeforeItAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := open(t, sqlite.Config{Path: newPath(t), Clock: newFakeClock(noon).now})
		key := createKey(t, store, "")
		underWay := make(chan struct{})
		var working sync.WaitGroup
		working.Go(func() { // has the writer
			if _, err := store.CreateKey(t.Context(), func(change *admin.KeyChange) error {
				<-underWay
				return newKey("")(change)
			}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		codes := make([]ration.Code, 5)
		for turn := range codes {
			working.Go(func() {
				if turn == 1 {
					revoke(t, store, key)
				} else {
					codes[turn] = charge(t, store, key)[0]
				}
			})
			synctest.Wait() // it is in line
		}
		close(underWay)
		working.Wait()
		revoked := ration.CodeKeyRevoked
		if diff := cmp.Diff([]ration.Code{ration.CodeOK, "", revoked, revoked, revoked}, codes); diff != "" {
			t.Error(diff)
		}
	})
}

func revoke(t *testing.T, store *sqlite.Store, key ration.KeyID) {
	if _, err := store.UpdateKey(t.Context(), key, func(change *admin.KeyChange) error {
		change.Key.Status = ration.StatusRevoked
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.revoke", Target: key.String()}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
