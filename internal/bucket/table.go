package bucket

import (
	"net/netip"
	"time"
)

// Client returns what stands for one client in a table: an IPv4 address, or the
// /64 network of an IPv6 address, of which one client commonly has all.
func Client(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	network, _ := addr.Prefix(64) // 64 bits are in every IPv6 address
	return network.Addr()
}

// Entry is one client of a Table.
type Entry[T any] struct {
	Bucket Bucket
	State  T
}

// Table holds an entry for each client that has not a full bucket, or a state that
// is in use. It is not safe for concurrent use.
type Table[T any] struct {
	rate    Rate
	size    int
	inUse   func(*T) bool
	entries map[netip.Addr]*Entry[T]
	sweepAt int // entries at which those that say nothing are looked for
	swept   time.Time
}

const (
	// leastSweep is how many entries are no reason to look for what can be forgotten.
	leastSweep = 256
	// sweepInterval is how often a full table is looked through at most.
	sweepInterval = time.Second
)

// NewTable returns a table of at most size entries, whose buckets fill at a rate.
// inUse reports whether a state must be kept although the bucket is full.
func NewTable[T any](rate Rate, size int, inUse func(*T) bool) *Table[T] {
	return &Table[T]{rate: rate, size: size, inUse: inUse, entries: make(map[netip.Addr]*Entry[T]), sweepAt: leastSweep}
}

// Get returns the entry of a client, as [Client] names it, and makes it if there is
// none. It returns nil if the table is full.
func (t *Table[T]) Get(client netip.Addr, now time.Time) *Entry[T] {
	if entry := t.entries[client]; entry != nil {
		return entry
	}
	full := len(t.entries) >= t.size
	if full && now.Sub(t.swept) >= sweepInterval || !full && len(t.entries) >= t.sweepAt {
		t.sweep(now)
	}
	if len(t.entries) >= t.size {
		return nil
	}
	entry := &Entry[T]{}
	t.entries[client] = entry
	return entry
}

// Forget drops the entry of a client if it says nothing any more.
func (t *Table[T]) Forget(client netip.Addr, now time.Time) {
	if entry := t.entries[client]; entry != nil && t.saysNothing(entry, now) {
		delete(t.entries, client)
	}
}

// Len returns how many entries there are.
func (t *Table[T]) Len() int { return len(t.entries) }

// sweep costs a look at every entry, so the next one waits until there are twice
// as many as were left.
func (t *Table[T]) sweep(now time.Time) {
	for client, entry := range t.entries {
		if t.saysNothing(entry, now) {
			delete(t.entries, client)
		}
	}
	t.sweepAt, t.swept = max(leastSweep, 2*len(t.entries)), now
}

func (t *Table[T]) saysNothing(entry *Entry[T], now time.Time) bool {
	return entry.Bucket.Full(t.rate, now) && !t.inUse(&entry.State)
}
