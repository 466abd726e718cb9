package postgres_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// TestFeedMissesNothingThatIsCommittedLate holds a transaction open that has written an
// event, as one on its way does, while later events are published and read.
func TestFeedMissesNothingThatIsCommittedLate(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	read := func(after int64) (ids []uuid.UUID, last int64) {
		t.Helper()
		if _, err := store.PublishEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
		page, err := store.ListEvents(t.Context(), admin.EventFilter{After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range page.Events {
			ids = append(ids, event.ID)
		}
		return ids, page.After
	}
	late := uuid.New()
	begun, err := connect(t, d.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = begun.Exec(t.Context(), "INSERT INTO events (id, api_key_id, type, at, key_name, owner, data) VALUES ($1, gen_random_uuid(), 'key.revoked', now(), '', '', '{}')", late)
	if err != nil {
		t.Fatal(err)
	}
	createKey(t, store, "")
	first, last := read(0) // goes on while the other transaction is open
	if len(first) != 1 || slices.Contains(first, late) {
		t.Fatalf("read %v while the transaction was open, want the created key", first)
	}
	if err := begun.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	createKey(t, store, "")
	if second, _ := read(last); len(second) != 2 || second[0] != late {
		t.Errorf("read %v after its commit, want %s and the second key", second, late)
	}
}

// TestLockedFeedIsRead holds the row that whoever publishes locks.
func TestLockedFeedIsRead(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store := d.open(t, postgres.Config{})
	service := admin.New(store, admin.Config{})
	createKey(t, store, "")
	first, err := service.ListEvents(t.Context(), admin.EventFilter{})
	if err != nil || len(first.Events) != 1 {
		t.Fatalf("%+v, %v; want an event", first, err)
	}
	begun, err := connect(t, d.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begun.Exec(t.Context(), "UPDATE event_feed SET last = last"); err != nil {
		t.Fatal(err)
	}
	createKey(t, store, "") // can't be given a place
	if page, err := service.ListEvents(t.Context(), admin.EventFilter{}); err != nil || len(page.Events) != 1 || page.After != first.After {
		t.Errorf("while the feed is locked: %+v, %v; want what has a place", page, err)
	}
	if err := begun.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if page, err := service.ListEvents(t.Context(), admin.EventFilter{After: first.After}); err != nil || len(page.Events) != 1 {
		t.Errorf("afterwards: %+v, %v; want the second event", page, err)
	}
}

// TestChargesThatReachNoThresholdSendNothingMore counts the statements and round trips of
// charges, one after the other, with and without thresholds.
func TestChargesThatReachNoThresholdSendNothingMore(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	counts := func(thresholds []int) (sent []string) {
		tap := newTap(t, d.url)
		store := (&database{url: tap.url}).open(t, postgres.Config{LimitThresholds: thresholds, Lanes: 1})
		name := uuid.NewString()
		createPlan(t, store, name, "10/day")
		id := createKey(t, store, name)
		for range 11 {
			before := tap.counts()
			if _, err := store.Charge(t.Context(), testbatch.Of(t, testbatch.Item{Charge: ration.Charge{KeyID: id}})); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, tap.since(before))
		}
		return sent
	}
	without, with := counts([]int{}), counts(nil)
	t.Logf("statements in round trips: %v", with)
	for i := range with {
		want := without[i]
		if used := i + 1; used == 8 || used == 10 {
			var statements, trips int
			if _, err := fmt.Sscanf(want, "%d in %d", &statements, &trips); err != nil {
				t.Fatal(err)
			}
			want = fmt.Sprintf("%d in %d", statements+1, trips)
		}
		if with[i] != want {
			t.Errorf("charge %d sent %s, want %s", i+1, with[i], want)
		}
	}
}

// tap is a proxy before a server that counts what clients send.
type tap struct {
	url   string
	mu    sync.Mutex
	conns []*tapped
}

type tapped struct{ statements, trips atomic.Int64 }

// counts returns what each connection has sent so far.
func (p *tap) counts() (all [][2]int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		all = append(all, [2]int64{c.statements.Load(), c.trips.Load()})
	}
	return all
}

// since returns what the connection has sent that has sent most: that of the charge, not
// one that looks after something in the background.
func (p *tap) since(before [][2]int64) string {
	most := [2]int64{}
	for i, after := range p.counts() {
		if i < len(before) {
			after[0], after[1] = after[0]-before[i][0], after[1]-before[i][1]
		}
		if after[0] > most[0] {
			most = after
		}
	}
	return fmt.Sprintf("%d in %d", most[0], most[1])
}

func newTap(t *testing.T, server string) *tap {
	t.Helper()
	parsed, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	target := parsed.Host
	parsed.Host = listener.Addr().String()
	p := &tap{url: parsed.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.carry(client, target)
		}
	}()
	return p
}

func (p *tap) carry(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	counted := new(tapped)
	p.mu.Lock()
	p.conns = append(p.conns, counted)
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	header := make([]byte, 4) // the first message has no type
	for first := true; ; first = false {
		kind := byte(0)
		if !first {
			typed := make([]byte, 1)
			if _, err := io.ReadFull(client, typed); err != nil {
				return
			}
			kind = typed[0]
			_, _ = server.Write(typed)
		}
		if _, err := io.ReadFull(client, header); err != nil {
			return
		}
		switch kind {
		case 'B':
			counted.statements.Add(1)
		case 'S':
			counted.trips.Add(1)
		}
		_, _ = server.Write(header)
		if _, err := io.CopyN(server, client, int64(binary.BigEndian.Uint32(header))-4); err != nil {
			return
		}
	}
}
