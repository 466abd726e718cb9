package e2e_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// slowCalls wait for their upstream when SIGTERM comes.
const slowCalls = 8

func TestSIGTERMUnderLoadLosesNoAnswer(t *testing.T) {
	for name, newDB := range map[string]func(*testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "ration.db") },
		"PostgreSQL": func(t *testing.T) string { return testdb.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			db, upstream := newDB(t), harness.NewUpstream(t)
			harness.CLI(t, db, "migrate")
			key := harness.CreateKey(t, db)
			instance := harness.NewInstance(t, db, upstream.URL, "--shutdown-delay", "300ms")
			balancer := harness.NewBalancer(t, []*harness.Instance{instance})
			admitted := 0
			for range drains {
				admitted += drain(t, instance, balancer, upstream, key)
			}
			if recorded, seen := harness.Used(t, db, key.ID), upstream.Seen(key.ID); recorded != admitted || seen != admitted {
				t.Errorf("%d admitted, %d seen by the upstream, %d recorded", admitted, seen, recorded)
			}
		})
	}
}

// drain starts the instance, ends it under load, and returns how many calls were
// admitted; all were, but the last of each client, which nobody took.
func drain(t *testing.T, instance *harness.Instance, balancer *harness.Balancer, upstream *harness.Upstream, key harness.Key) (admitted int) {
	t.Helper()
	instance.Start()
	balancer.AwaitReady(1)
	slow := make(chan harness.Outcome, slowCalls)
	for range slowCalls {
		go func() { slow <- harness.NewClient().Call(context.Background(), instance.ProxyURL+"/slow", key.Secret) }()
	}
	for range slowCalls {
		<-upstream.Entered
	}
	clients := startClients(rollingClients, func(int) (string, harness.Outcome) {
		return key.ID, balancer.Call(context.Background(), "/", key.Secret)
	})
	clients.awaitAdmitted(50)
	instance.Terminate()
	clients.running.Wait() // each ends with a call that nobody took
	awaitRefusal(t, instance.ProxyURL)
	for range slowCalls {
		upstream.Release <- struct{}{}
	}
	for range slowCalls {
		if outcome := <-slow; outcome != harness.Admitted {
			t.Errorf("a call under way had outcome %d", outcome)
		}
	}
	if code := instance.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	tally := clients.tallies[key.ID]
	if tally[harness.Unknown] > 0 || tally[harness.Unsent] != rollingClients {
		t.Errorf("lost answers: %v", tally)
	}
	return tally[harness.Admitted] + slowCalls
}

// awaitRefusal waits until nobody listens any more.
func awaitRefusal(t *testing.T, url string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		_ = conn.Close()
		<-tick.C
	}
}
