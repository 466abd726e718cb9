package adminsock_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
)

// A server that hangs accepts connections and requests, for the system does, and
// answers none of them.
func TestServerThatHangsIsNotWaitedForForEver(t *testing.T) {
	path := emptyFile(t)
	listener, err := adminsock.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	client, err := adminsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	client.WithSilence(50 * time.Millisecond)
	_, readErr := client.ListPlans(t.Context(), admin.NameFilter{})
	if !errors.Is(readErr, adminsock.ErrSilent) || !errors.Is(readErr, ration.ErrStoreUnavailable) || !strings.Contains(readErr.Error(), "none for 50ms") {
		t.Errorf("a read: %v", readErr)
	}
	_, changeErr := client.CreateKey(t.Context(), actor, admin.NewKey{Name: strings.Repeat("n", 1<<20)}) // more than the system takes at once
	if !errors.Is(changeErr, adminsock.ErrSilent) || !errors.Is(changeErr, ration.ErrOutcomeUnknown) {
		t.Errorf("a change: %v", changeErr)
	}
}

// slowOperations take their time for a list of plans.
type slowOperations struct {
	admin.Operations
	takes time.Duration
}

func (s slowOperations) ListPlans(context.Context, admin.NameFilter) ([]ration.Plan, error) {
	<-time.After(s.takes)
	return []ration.Plan{{Name: "slow"}}, nil
}

func TestLongOperationsAreNotCutOff(t *testing.T) {
	const silence = 200 * time.Millisecond
	path := emptyFile(t)
	listener, err := adminsock.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: adminsock.NewBeatingHandler(slowOperations{takes: 5 * silence}, silence/20), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	client, err := adminsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := client.WithSilence(silence).ListPlans(t.Context(), admin.NameFilter{})
	if err != nil || len(plans) != 1 || plans[0].Name != "slow" {
		t.Errorf("got %+v, %v", plans, err)
	}
}

// emptyFile stands for a database: whoever serves its socket must own it.
func emptyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ration.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
