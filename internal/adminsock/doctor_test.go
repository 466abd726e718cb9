package adminsock_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// TestDoctorThroughTheSocket repairs what a clock has left that was ten years
// ahead, once the server believes that it is right again.
func TestDoctorThroughTheSocket(t *testing.T) {
	now := time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC)
	var ahead, elapsed atomic.Int64
	ahead.Store(int64(3652 * 24 * time.Hour))
	path := filepath.Join(t.TempDir(), "ration.db")
	store, err := sqlite.Open(t.Context(), sqlite.Config{
		Path:    path,
		Clock:   func() time.Time { return now.Add(time.Duration(ahead.Load() + elapsed.Load())) },
		Elapsed: func() time.Duration { return time.Duration(elapsed.Load()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	direct := admin.New(store, admin.Config{})
	issued, err := direct.CreateKey(t.Context(), actor, admin.NewKey{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Charge(t.Context(), testbatch.Requests(t, issued.Key.ID)); err != nil {
		t.Fatal(err)
	}
	serve(t, path, direct)
	remote, err := adminsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}

	ahead.Store(0)
	if done, err := remote.RepairUsage(t.Context(), actor, ration.KeyID{}); !errors.Is(err, ration.ErrClockSuspect) {
		t.Errorf("just after the step: %+v, %v; want the clock in doubt", done, err)
	}
	elapsed.Add(int64(3 * time.Minute))
	want, err := direct.Diagnose(t.Context(), admin.DiagnoseOptions{Deep: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Diagnose(t.Context(), admin.DiagnoseOptions{Deep: true})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, findings (-here +through the socket):\n%s", err, diff)
	}
	if last := got[len(got)-1]; last.Check != admin.CheckUsage || last.State != admin.FindingProblem {
		t.Errorf("%+v, want usage from the future", last)
	}
	done, err := remote.RepairUsage(t.Context(), actor, ration.KeyID{})
	if err != nil || !cmp.Equal(done, admin.UsageRepaired{Repaired: 1}) {
		t.Errorf("repaired %+v, %v; want 1 key, and no more", done, err)
	}
}
