package e2e_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// lease is how long a slot outlives the instance that holds it.
const lease = 5 * time.Second

// crowd is an upstream that counts how many requests it has at once. It holds those for
// /slow until their connection ends, and keeps WebSockets open.
type crowd struct {
	*httptest.Server
	now, most, slow atomic.Int64
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := c.now.Add(1)
		defer c.now.Add(-1)
		for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
		}
		switch {
		case r.Header.Get("Upgrade") != "":
			connection, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = connection.Close() }()
			_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = buffered.ReadByte() // until the client goes
		case r.URL.Path == "/slow":
			c.slow.Add(1)
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, "ok")
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// await waits for a condition that comes by itself.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}

func TestThreeInstancesKeepAConcurrentLimitAlsoIfOneIsKilled(t *testing.T) {
	const most = 3
	db, upstream := testdb.Postgres(t), newCrowd(t)
	harness.CLI(t, db, "migrate")
	key := harness.CreateKey(t, db, "--limit", "3 at once")
	fleet := make([]*harness.Instance, 3)
	for i := range fleet {
		fleet[i] = harness.NewInstance(t, db, upstream.URL, "--lease", lease.String())
		fleet[i].Start()
	}
	awaitAll(fleet)
	client := harness.NewClient()
	admits := func(i int) bool { return client.Call(t.Context(), fleet[i].ProxyURL, key.Secret) == harness.Admitted }

	var tally harness.Tally
	for range 20 {
		round := burst(fleet, key.Secret, 15)
		for outcome, n := range round {
			tally[outcome] += n
		}
	}
	if got := upstream.most.Load(); got > most {
		t.Errorf("the upstream had %d requests at once, want at most %d", got, most)
	}
	if tally[harness.Admitted] == 0 || tally[harness.Denied] == 0 || tally[harness.Admitted]+tally[harness.Denied] != 300 {
		t.Errorf("got %v, want some admitted and some denied", tally)
	}

	var held sync.WaitGroup
	defer held.Wait()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range most {
		await(t, "a held slot", func() bool {
			before := upstream.slow.Load()
			held.Go(func() { client.Call(ctx, fleet[0].ProxyURL+"/slow", key.Secret) })
			for deadline := time.Now().Add(time.Second); upstream.slow.Load() == before && time.Now().Before(deadline); {
				time.Sleep(5 * time.Millisecond)
			}
			return upstream.slow.Load() > before
		})
	}
	for begin := time.Now(); time.Since(begin) < lease+lease/5; time.Sleep(50 * time.Millisecond) { // they are renewed
		if admits(1) || admits(2) {
			t.Fatal("a request was let through besides those that hold all slots")
		}
	}
	fleet[0].Kill()
	await(t, "the slots of the killed instance", func() bool { return admits(1) && admits(2) })
	if got := upstream.most.Load(); got > most {
		t.Errorf("the upstream had %d requests at once, want at most %d", got, most)
	}
}

func TestAWebSocketKeepsItsSlotForLongerThanALease(t *testing.T) {
	db, upstream := testdb.Postgres(t), newCrowd(t)
	harness.CLI(t, db, "migrate")
	key := harness.CreateKey(t, db, "--limit", "1 at once")
	fleet := []*harness.Instance{harness.NewInstance(t, db, upstream.URL, "--lease", lease.String()), harness.NewInstance(t, db, upstream.URL, "--lease", lease.String())}
	for _, instance := range fleet {
		instance.Start()
	}
	awaitAll(fleet)
	client := harness.NewClient()
	admits := func() bool { return client.Call(t.Context(), fleet[1].ProxyURL, key.Secret) == harness.Admitted }
	open := func() net.Conn {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(fleet[0].ProxyURL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(connection, "GET /ws HTTP/1.1\r\nHost: h\r\nX-API-Key: "+key.Secret+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("got %+v, %v, want a WebSocket", response, err)
		}
		return connection
	}
	socket := open()
	for begin := time.Now(); time.Since(begin) < lease+lease/5; time.Sleep(50 * time.Millisecond) {
		if admits() {
			t.Fatal("a request was let through besides an open WebSocket")
		}
	}
	_ = socket.Close()
	await(t, "the slot of the closed WebSocket", admits)
	socket = open()
	defer func() { _ = socket.Close() }()
	if code := fleet[0].Stop(); code != 0 {
		t.Errorf("SIGTERM: exit code %d", code)
	}
	await(t, "the slot of the instance that has stopped", admits)
}
