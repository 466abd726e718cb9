package sqlite_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// victim is a key that is revoked while clients call with it.
type victim struct {
	harness.Key
	revoked atomic.Bool  // the command has returned
	after   atomic.Int32 // calls that began after that
	late    atomic.Int32 // and were admitted
}

// TestRevocationUnderFullLoad revokes keys by the command line, through the
// socket of a server that clients keep busy: the command returns, and no call
// that begins after it has is admitted.
func TestRevocationUnderFullLoad(t *testing.T) {
	const clients, callsAfter = 16, 20
	s := newServer(t, t.TempDir())
	victims := make([]*victim, 8)
	for i := range victims {
		victims[i] = &victim{Key: harness.CreateKey(t, s.db)}
	}
	stop := make(chan struct{})
	var calling sync.WaitGroup
	var admitted atomic.Int32
	client := harness.NewClient()
	for range clients {
		calling.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				victim := victims[rand.IntN(len(victims))]
				after := victim.revoked.Load()
				outcome := client.Call(t.Context(), s.ProxyURL, victim.Secret)
				if outcome == harness.Admitted {
					admitted.Add(1)
				}
				if after {
					victim.after.Add(1)
					if outcome == harness.Admitted {
						victim.late.Add(1)
					}
				}
			}
		})
	}
	for _, victim := range victims {
		harness.CLI(t, s.db, "keys", "revoke", victim.ID, "--yes")
		victim.revoked.Store(true)
		for victim.after.Load() < callsAfter {
			if _, body := s.get(s.APIURL+"/healthz", ""); body == "" {
				t.Fatal("the server is gone")
			}
		}
	}
	close(stop)
	calling.Wait()
	for i, victim := range victims {
		if late := victim.late.Load(); late > 0 {
			t.Errorf("key %d: %d of %d calls after its revocation were admitted", i, late, victim.after.Load())
		}
	}
	if admitted.Load() == 0 {
		t.Error("no call was admitted: this run proves nothing")
	}
}
