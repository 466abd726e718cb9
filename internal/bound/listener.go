package bound

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/ration-dev/ration/internal/bucket"
)

// Listener accepts the connections of another one, within bounds. It is safe for
// concurrent use.
type Listener struct {
	net.Listener
	config  Config
	rate    bucket.Rate // of new connections in all
	perPeer bucket.Rate // and of one address

	mu    sync.Mutex
	open  int
	new   bucket.Bucket
	peers *bucket.Table[peer]
	idle  *list.List // of *conn, idle for longest first
}

// peer is what an address holds.
type peer struct {
	open int
	idle *list.List // of *conn, idle for longest first; nil: none was yet
}

// New returns a Listener on another.
func New(inner net.Listener, config Config) *Listener {
	l := &Listener{
		Listener: inner, config: config, idle: list.New(),
		rate:    bucket.Rate{PerSecond: float64(config.New), Burst: float64(config.New)},
		perPeer: bucket.Rate{PerSecond: float64(config.NewPerAddress), Burst: float64(config.NewPerAddress) * burstOfAddress},
	}
	l.peers = bucket.NewTable(l.perPeer, maxAddresses, func(p *peer) bool { return p.open > 0 })
	return l
}

// Accept implements net.Listener. What it refuses it closes at once, and waits for
// the next.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c, reason := l.admit(accepted)
		if reason == "" {
			return l.wrap(c), nil
		}
		_ = accepted.Close() // it was never in use
		if l.config.Refused != nil {
			l.config.Refused(reason, addressOf(accepted))
		}
	}
}

func (l *Listener) wrap(c net.Conn) net.Conn {
	if l.config.Wrap != nil {
		c = l.config.Wrap(c)
	}
	if l.config.OtherProtocol {
		return c
	}
	return newHeaded(c)
}

// admit counts a connection, or says why not.
func (l *Listener) admit(accepted net.Conn) (*conn, Reason) {
	c := newConn(l, accepted)
	addr := addressOf(accepted)
	if l.isOne(addr) {
		c.client = bucket.Client(addr)
	}
	evicted, reason := l.enter(c)
	if evicted != nil {
		_ = evicted.Conn.Close() // its reader finds that out
	}
	return c, reason
}

// isOne reports whether an address stands for one client.
func (l *Listener) isOne(addr netip.Addr) bool {
	return addr.IsValid() && !addr.IsLoopback() && (l.config.Exempt == nil || !l.config.Exempt(addr))
}

// enter counts a connection and takes the connection out that had to make room, if
// one had to.
func (l *Listener) enter(c *conn) (evicted *conn, reason Reason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	var mine *bucket.Entry[peer]
	if c.client.IsValid() {
		if mine = l.peers.Get(c.client, now); mine == nil {
			return nil, TooFast // more addresses than can be remembered begin connections
		}
		if l.config.NewPerAddress > 0 && mine.Bucket.Left(l.perPeer, now) < 1 {
			return nil, TooFastForAddress
		}
	}
	if l.config.New > 0 && l.new.Left(l.rate, now) < 1 {
		return nil, TooFast
	}
	switch {
	case mine != nil && l.config.PerAddress > 0 && mine.State.open >= l.config.PerAddress:
		if evicted = oldest(mine.State.idle); evicted == nil {
			return nil, TooManyOfAddress
		}
	case l.config.Connections > 0 && l.open >= l.config.Connections:
		if evicted = oldest(l.idle); evicted == nil {
			return nil, TooMany
		}
	}
	if evicted != nil {
		l.leaveLocked(evicted)
	}
	l.countLocked(mine, now)
	return evicted, ""
}

func (l *Listener) countLocked(mine *bucket.Entry[peer], now time.Time) {
	l.open++
	if l.config.New > 0 {
		l.new.Take(l.rate, now, 1)
	}
	if mine == nil {
		return
	}
	mine.State.open++
	if l.config.NewPerAddress > 0 {
		mine.Bucket.Take(l.perPeer, now, 1)
	}
}

// leave counts a connection out, once.
func (l *Listener) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaveLocked(c)
}

func (l *Listener) leaveLocked(c *conn) {
	if c.left {
		return
	}
	l.busyLocked(c)
	c.left = true
	l.open--
	if c.client.IsValid() {
		l.peerOf(c).open--
		l.peers.Forget(c.client, time.Now())
	}
}

// rest notes that a connection carries nothing.
func (l *Listener) rest(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.left || c.inAll != nil {
		return
	}
	c.inAll = l.idle.PushBack(c)
	if c.client.IsValid() {
		mine := l.peerOf(c)
		if mine.idle == nil {
			mine.idle = list.New()
		}
		c.inPeer = mine.idle.PushBack(c)
	}
	c.idle.Store(true)
}

// busy notes that it does again, and reports whether it is still open.
func (l *Listener) busy(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busyLocked(c)
	return !c.left
}

func (l *Listener) busyLocked(c *conn) {
	if c.inAll != nil {
		l.idle.Remove(c.inAll)
		c.inAll = nil
	}
	if c.inPeer != nil {
		l.peerOf(c).idle.Remove(c.inPeer)
		c.inPeer = nil
	}
	c.idle.Store(false)
}

// peerOf returns what the address of an open connection holds. It is in use, so the
// table has it.
func (l *Listener) peerOf(c *conn) *peer { return &l.peers.Get(c.client, time.Now()).State }

func oldest(idle *list.List) *conn {
	if idle == nil || idle.Len() == 0 {
		return nil
	}
	return idle.Front().Value.(*conn)
}

// addressOf returns the address of a connection's other end; the zero Addr if it has
// none, as on a unix socket.
func addressOf(c net.Conn) netip.Addr {
	tcp, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}
