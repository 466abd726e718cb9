package failures

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/ration-dev/ration/internal/bucket"
)

// Config says how many look-ups may find nothing.
type Config struct {
	PerAddress bucket.Rate // of one client address, see [bucket.Client]; zero: any number
	InAll      bucket.Rate // of all addresses together, known or not; zero: any number
	Addresses  int         // addresses in debt that are remembered; 0: 65,536
}

const defaultAddresses = 1 << 16

// Budget is what failures may still cost. It is safe for concurrent use.
type Budget struct {
	config Config

	mu        sync.Mutex
	all       bucket.Bucket
	addresses *bucket.Table[underWay]
}

// underWay is the look-ups of an address whose end is awaited.
type underWay struct {
	held    float64 // tokens of look-ups that are under way
	waiting []*waiter
}

// waiter is somebody who goes on once a look-up of the same address has ended. A
// value on the channel says whether it holds a token then.
type waiter struct{ told chan bool }

// New returns a budget that nothing has been spent of.
func New(config Config) *Budget {
	if config.Addresses <= 0 {
		config.Addresses = defaultAddresses
	}
	inUse := func(u *underWay) bool { return u.held > 0 || len(u.waiting) > 0 }
	return &Budget{config: config, addresses: bucket.NewTable(config.PerAddress, config.Addresses, inUse)}
}

// Try is a look-up that may be made. End it once, by what it found.
type Try struct {
	budget *Budget
	client netip.Addr // zero: without a budget of its own
}

// Begin asks for a look-up in the name of an address; the zero Addr is nobody's,
// and only the budget of all counts. It waits for look-ups of the same address
// where they may leave something. If the budget is spent, it says for how long, at
// least: retry is more than 0 then. Its error is ctx's.
func (b *Budget) Begin(ctx context.Context, addr netip.Addr) (try Try, retry time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if retry := b.waitForAllLocked(now); retry > 0 {
		return Try{}, retry, nil
	}
	if b.config.PerAddress.IsZero() || !addr.IsValid() {
		return Try{budget: b}, 0, nil
	}
	client := bucket.Client(addr)
	entry := b.addresses.Get(client, now)
	if entry == nil { // more addresses are in debt than can be remembered
		return Try{}, time.Second, nil
	}
	try = Try{budget: b, client: client}
	left := entry.Bucket.Left(b.config.PerAddress, now)
	switch {
	case left-entry.State.held >= 1 && len(entry.State.waiting) == 0:
		entry.State.held++
		return try, 0, nil
	case left < 1:
		return Try{}, entry.Bucket.Wait(b.config.PerAddress, now, 1), nil
	}
	granted, err := b.waitLocked(ctx, client, entry)
	if err != nil || granted {
		return try, 0, err
	}
	return Try{}, max(entry.Bucket.Wait(b.config.PerAddress, time.Now(), 1), 1), nil
}

// waitLocked waits until a token is granted or refused.
func (b *Budget) waitLocked(ctx context.Context, client netip.Addr, entry *bucket.Entry[underWay]) (granted bool, err error) {
	w := &waiter{told: make(chan bool, 1)}
	entry.State.waiting = append(entry.State.waiting, w)
	b.mu.Unlock()
	select {
	case granted = <-w.told:
	case <-ctx.Done():
		err = ctx.Err()
	}
	b.mu.Lock()
	if err == nil {
		return granted, nil
	}
	select {
	case granted = <-w.told: // both at once
		if granted {
			b.endLocked(client, 0)
		}
	default:
		entry.State.drop(w)
	}
	return false, err
}

// Found ends a look-up that found something. It costs nothing.
func (t Try) Found() { t.end(0) }

// FoundNothing ends a look-up that found nothing.
func (t Try) FoundNothing() { t.end(1) }

func (t Try) end(cost float64) {
	t.budget.mu.Lock()
	defer t.budget.mu.Unlock()
	t.budget.spendOfAllLocked(cost)
	if t.client.IsValid() {
		t.budget.endLocked(t.client, cost)
	}
}

// endLocked takes back the token of a look-up, spends it or not, and tells those
// who wait what that means to them.
func (b *Budget) endLocked(client netip.Addr, cost float64) {
	now := time.Now()
	entry := b.addresses.Get(client, now) // it is in use, so it is there
	entry.State.held--
	entry.Bucket.Take(b.config.PerAddress, now, cost)
	left := entry.Bucket.Left(b.config.PerAddress, now)
	for len(entry.State.waiting) > 0 && (left < 1 || left-entry.State.held >= 1) {
		granted := left >= 1
		if granted {
			entry.State.held++
		}
		entry.State.waiting[0].told <- granted
		entry.State.waiting = entry.State.waiting[1:]
	}
	b.addresses.Forget(client, now)
}

// spendOfAllLocked overdraws by one burst at most: what was under way when the last
// token went is soon paid back.
func (b *Budget) spendOfAllLocked(cost float64) {
	rate, now := b.config.InAll, time.Now()
	if cost > 0 && !rate.IsZero() && b.all.Left(rate, now) > -rate.Burst {
		b.all.Take(rate, now, cost)
	}
}

// waitForAllLocked returns how long the budget of all addresses is spent.
func (b *Budget) waitForAllLocked(now time.Time) time.Duration {
	if b.config.InAll.IsZero() {
		return 0
	}
	return b.all.Wait(b.config.InAll, now, 1)
}

func (u *underWay) drop(w *waiter) {
	for i, other := range u.waiting {
		if other == w {
			u.waiting = append(u.waiting[:i:i], u.waiting[i+1:]...)
			return
		}
	}
}
