package sqlite_test

import (
	"net/http"
	"testing"

	"github.com/ration-dev/ration/internal/testdisk"
)

// TestServerOnAFullDisk fills the disk under a server that is called, and makes
// room again.
func TestServerOnAFullDisk(t *testing.T) {
	testdisk.OnSmallDisk(t, 4<<20, func(t *testing.T, dir string) {
		s := newServer(t, dir)
		admitted, unavailable := 0, 0
		for range diskFills {
			free := testdisk.Fill(t, dir, 40<<10)
			refused := false
			for range 500 {
				switch status := s.call(); status {
				case http.StatusOK:
					admitted++
				case http.StatusServiceUnavailable:
					unavailable++
					refused = true
				default:
					t.Errorf("status %d on a full disk", status)
				}
			}
			if !refused {
				t.Error("the disk was never full: this run proves nothing")
			}
			free()
			await(t, func() bool { return s.call() == http.StatusOK })
			admitted++
			s.AwaitReady()
		}
		s.wantCounted(admitted, unavailable)
	})
}
