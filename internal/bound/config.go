package bound

import (
	"cmp"
	"net"
	"net/netip"
	"time"
)

// Config says what is bounded. Of every bound 0 means that there is none.
type Config struct {
	Connections   int // open at once
	PerAddress    int // of them, by one client address, of IPv6 by one /64 network
	New           int // begun each second, and as many at once
	NewPerAddress int // of them by one address, and five times as many at once

	// Exempt reports whether an address is bounded only with all others together,
	// because many clients come through it. Nil: none is. Loopback addresses always
	// are, and peers without an address.
	Exempt func(netip.Addr) bool
	// Refused is told of each connection that was refused; nil: nobody is. It must not
	// block.
	Refused func(reason Reason, addr netip.Addr)

	Pace Pace

	// Wrap puts on each connection what its two ends speak beneath HTTP, such as TLS;
	// what it returns has a method NetConn that returns the connection. Nil: nothing.
	Wrap func(net.Conn) net.Conn

	// OtherProtocol says that the connections carry another protocol than HTTP/1.1, so
	// that no header fields are counted in them, and all of them are in use.
	OtherProtocol bool
}

// Reason is why a connection was refused.
type Reason string

// The reasons.
const (
	TooMany           Reason = "too many connections are open"
	TooManyOfAddress  Reason = "its address has too many connections open"
	TooFast           Reason = "too many connections begin each second"
	TooFastForAddress Reason = "its address begins too many connections each second"
)

// Pace is how slow a client may be.
type Pace struct {
	BytesPerSecond int           // on average, while somebody waits for the client; 0: as slow as it likes
	Grace          time.Duration // for which it may be slower, at any time; 0: 20 s
}

const (
	defaultGrace = 20 * time.Second
	// burstOfAddress is in how many seconds' time an address may begin as many
	// connections as it may begin at once.
	burstOfAddress = 5
	// maxAddresses is of how many addresses it is remembered what they did of late.
	maxAddresses = 1 << 16
)

func (p Pace) withDefaults() Pace {
	p.Grace = cmp.Or(p.Grace, defaultGrace)
	return p
}
