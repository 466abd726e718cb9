package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

const (
	keysTold    = 8
	killsOfSent = min(kills, 30)
)

// TestEventsReachWebhooksThroughKills kills instances while they charge keys, change them
// and send what happens, to a receiver that refuses many events at first. In the end it has
// got every event of the feed, those of each key in the order of the feed.
func TestEventsReachWebhooksThroughKills(t *testing.T) {
	db := testdb.Postgres(t)
	harness.CLI(t, db, "migrate")
	token := client.Token(strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "deploy", "--scope", "keys", "-q")))
	receiver := harness.NewReceiver(t)
	receiver.Register(db)
	receiver.Answer(func(event api.Event, before int) int {
		if refused := strings.Index("0123", event.ID[len(event.ID)-1:]); before < refused { // some events, up to three times
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	fleet, admins := make([]*harness.Instance, 2), make([]*client.Admin, 2)
	upstream := harness.NewUpstream(t)
	for i := range fleet {
		address := harness.FreeAddr(t)
		fleet[i] = harness.NewInstance(t, db, upstream.URL, append([]string{"--admin-listen", address, "--limit-thresholds", "1,2,5,10,20,40,60,80,90,100"}, harness.AllowReceivers...)...)
		var err error
		if admins[i], err = client.NewAdmin(client.Config{URL: "http://" + address, Token: token, Retries: -1}); err != nil {
			t.Fatal(err)
		}
		fleet[i].Start()
	}
	for _, instance := range fleet {
		instance.AwaitReady()
	}

	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { hurry(ctx, t, db) })
	for range keysTold {
		key := harness.CreateKey(t, db, "--limit", "300/lifetime")
		running.Go(func() { useAndChange(ctx, fleet, admins, key) })
	}
	accepted := func(got []harness.Arrival) (count int) {
		for _, arrival := range got {
			if arrival.Accepted {
				count++
			}
		}
		return count
	}
	for range killsOfSent {
		before := accepted(receiver.Got())
		receiver.Await(func(got []harness.Arrival) bool { return accepted(got) >= before+keysTold })
		victim := fleet[rand.IntN(len(fleet))]
		victim.Kill()
		victim.Start()
		victim.AwaitReady()
	}
	stop()
	running.Wait()

	feed := feedOf(t, admins[0])
	ctx, stop = context.WithCancel(t.Context())
	running.Go(func() { hurry(ctx, t, db) })
	got := receiver.Await(func(got []harness.Arrival) bool {
		missing := map[string]bool{}
		for _, event := range feed {
			missing[event.ID] = true
		}
		for _, arrival := range got {
			if arrival.Accepted {
				delete(missing, arrival.Event.ID)
			}
		}
		return len(missing) == 0
	})
	stop()
	running.Wait()
	wantOrder(t, feed, got)
	t.Logf("%d events, %d arrivals, %d kills", len(feed), len(got), killsOfSent)
	for _, instance := range fleet {
		if code := instance.Stop(); code != 0 {
			t.Errorf("SIGTERM: exit code %d", code)
		}
	}
}

// useAndChange uses a key and disables and enables it, until ctx ends.
func useAndChange(ctx context.Context, fleet []*harness.Instance, admins []*client.Admin, key harness.Key) {
	caller := harness.NewClient()
	for ctx.Err() == nil {
		for range 3 {
			caller.Call(ctx, fleet[rand.IntN(len(fleet))].ProxyURL, key.Secret)
		}
		admin := admins[rand.IntN(len(admins))]
		_, _ = admin.DisableKey(ctx, key.ID) // whoever is killed doesn't answer
		_, _ = admin.EnableKey(ctx, key.ID)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(rand.IntN(500)) * time.Millisecond):
		}
	}
}

// hurry makes what waits for another attempt, or was being sent by an instance that was
// killed, due five times a second, until ctx ends.
func hurry(ctx context.Context, t *testing.T, db string) {
	conn, err := pgx.Connect(ctx, db)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for ctx.Err() == nil {
		if _, err := conn.Exec(ctx, "UPDATE deliveries SET next_at = now() WHERE state = 'waiting' AND next_at > now()"); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// feedOf reads the whole feed.
func feedOf(t *testing.T, admin *client.Admin) (feed []api.Event) {
	t.Helper()
	for after := ""; ; {
		page, err := admin.Events(t.Context(), client.EventQuery{After: after, Limit: 1_000})
		if err != nil {
			t.Fatal(err)
		}
		if feed, after = append(feed, page.Items...), page.After; len(page.Items) == 0 {
			return feed
		}
	}
}

// wantOrder compares the first arrivals of each key with the feed, and wants each event to
// have come after the one before was accepted.
func wantOrder(t *testing.T, feed []api.Event, got []harness.Arrival) {
	t.Helper()
	ofKey := map[string][]string{}
	kinds := map[string]int{}
	for _, event := range feed {
		ofKey[event.KeyID] = append(ofKey[event.KeyID], event.ID)
		kinds[event.Type]++
	}
	if len(ofKey) != keysTold || kinds["key.limit_threshold"] < keysTold || kinds["key.disabled"] < keysTold {
		t.Errorf("the feed has %d keys and %v: this run proves little", len(ofKey), kinds)
	}
	seen, accepted := map[string]bool{}, map[string]bool{}
	arrived := map[string][]string{}
	for _, arrival := range got {
		event := arrival.Event
		if !seen[event.ID] {
			if before := arrived[event.KeyID]; len(before) > 0 && !accepted[before[len(before)-1]] {
				t.Errorf("key %s: event %s came before the one before it was accepted", event.KeyID, event.ID)
			}
			seen[event.ID] = true
			arrived[event.KeyID] = append(arrived[event.KeyID], event.ID)
		}
		accepted[event.ID] = accepted[event.ID] || arrival.Accepted
	}
	for key, want := range ofKey {
		if fmt.Sprint(arrived[key]) != fmt.Sprint(want) {
			t.Errorf("key %s: events arrived first as %v, want %v", key, arrived[key], want)
		}
	}
	if len(got) == len(feed) {
		t.Error("nothing came twice: this run proves little")
	}
}
