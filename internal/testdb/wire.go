package testdb

import (
	"context"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Wire is a proxy before a PostgreSQL server that reads the messages of both
// sides, so that it can break a connection exactly where it matters, and that
// plays the faults of a network. A new one passes everything on. Faults can be
// combined; [Wire.Heal] ends them. Its methods may be called from any goroutine.
type Wire struct {
	dsn      string
	listener net.Listener
	running  sync.WaitGroup
	stop     context.CancelFunc

	mu       sync.Mutex
	target   string // host and port of the server
	conns    map[*wireConn]struct{}
	closed   bool
	refusing bool
	delay    time.Duration
	swallows [2]bool // by direction
	discreet bool    // swallows warnings
	spoiled  spoiled

	next   Cut
	times  int        // cuts at next still to be made
	random *rand.Rand // nil: no random cuts
	share  float64    // of the places that random cuts choose from
	points []Cut      // where random cuts are made
	cuts   [cutCount]int
	onCut  func()

	holds int // round trips still to be held
	held  []*wireConn
}

// NewWire puts a wire before the server of a postgres:// URL until the test ends.
// Close what uses it before that.
func NewWire(tb testing.TB, serverURL string) *Wire {
	tb.Helper()
	parsed, err := url.Parse(serverURL)
	if err != nil {
		tb.Fatal("the server's URL can't be read") // the error would show its password
	}
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &Wire{target: parsed.Host, listener: listener, conns: make(map[*wireConn]struct{})}
	parsed.Host = listener.Addr().String()
	query := parsed.Query()
	query.Set("sslmode", "disable") // what is encrypted can't be read here
	parsed.RawQuery = query.Encode()
	w.dsn = parsed.String()
	ctx, stop := context.WithCancel(context.Background()) // what uses the wire may outlive the test's context
	w.stop = stop
	w.running.Go(func() { w.accept(ctx) })
	tb.Cleanup(w.close)
	return w
}

// DSN returns the URL that leads to the server through the wire.
func (w *Wire) DSN() string { return w.dsn }

// BreakAll breaks all connections at once, wherever they are. Round trips that
// are held are lost.
func (w *Wire) BreakAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = nil
	for c := range w.conns {
		c.close()
	}
}

// Lead leads new connections to the server of another URL, as a name, a balancer
// or an address that moves does. Those that exist go on.
func (w *Wire) Lead(serverURL string) {
	parsed, err := url.Parse(serverURL)
	if err != nil {
		panic("the server's URL can't be read") // the error would show its password
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = parsed.Host
}

// Refuse resets new connections until Heal. Those that exist go on.
func (w *Wire) Refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusing = true
}

// Delay makes every message arrive so much later, in both directions, in order
// and without slowing each other down. 0 ends it.
func (w *Wire) Delay(each time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = each
}

// BlackHole swallows everything that either side sends until Heal. Connections,
// new ones too, stay open: neither side learns that the other has gone.
func (w *Wire) BlackHole() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.swallows = [2]bool{true, true}
}

// SwallowAnswers is BlackHole for what the server sends: it gets everything, and
// does it.
func (w *Wire) SwallowAnswers() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.swallows[toClient] = true
}

// Heal ends all faults but held round trips. It breaks the connections of which
// something was swallowed: what is lost can't be made good.
func (w *Wire) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusing, w.delay, w.swallows, w.discreet = false, 0, [2]bool{}, false
	w.times, w.random, w.holds = 0, nil, 0
	for c := range w.conns {
		if c.lossy[toServer].Load() || c.lossy[toClient].Load() {
			c.close()
		}
	}
}

// Forget is Heal, but leaves the connections of which something was swallowed as
// they are: silent for ever, as when a device on the way has forgotten them.
func (w *Wire) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusing, w.delay, w.swallows = false, 0, [2]bool{}
}

func (w *Wire) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.stop()
	_ = w.listener.Close()
	w.BreakAll()
	w.running.Wait()
}

func (w *Wire) accept(ctx context.Context) {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.running.Go(func() { w.serve(ctx, client) })
	}
}

// serve carries a connection until both sides have gone.
func (w *Wire) serve(ctx context.Context, client net.Conn) {
	var server net.Conn
	if target, refusing := w.leadsTo(); !refusing {
		server, _ = new(net.Dialer).DialContext(ctx, "tcp", target)
	}
	if server == nil {
		_ = client.(*net.TCPConn).SetLinger(0) // a reset
		_ = client.Close()
		return
	}
	c := newWireConn(w, client, server)
	if !w.add(c) {
		c.close()
		return
	}
	c.carry()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}

func (w *Wire) leadsTo() (target string, refusing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.target, w.refusing
}

// add makes BreakAll reach a connection; on a closed wire it returns false.
func (w *Wire) add(c *wireConn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.conns[c] = struct{}{}
	}
	return !w.closed
}
