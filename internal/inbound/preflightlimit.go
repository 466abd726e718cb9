package inbound

import (
	"net/netip"
	"sync"
	"time"

	"github.com/ration-dev/ration/internal/bucket"
)

// preflightAddresses bounds how many addresses are told apart within a second.
// While there are more, the preflights of others wait.
const preflightAddresses = 1 << 14

// preflightLimit bounds how often each address reaches the upstream without a
// key. It is safe for concurrent use.
type preflightLimit struct {
	rate bucket.Rate

	mu        sync.Mutex
	addresses *bucket.Table[struct{}]
}

func newPreflightLimit(perSecond int) *preflightLimit {
	rate := bucket.Rate{PerSecond: float64(perSecond), Burst: float64(perSecond)}
	return &preflightLimit{rate: rate, addresses: bucket.NewTable(rate, preflightAddresses, func(*struct{}) bool { return false })}
}

// take reports whether an address may send one more now.
func (l *preflightLimit) take(address netip.Addr, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := l.addresses.Get(bucket.Client(address), now)
	if entry == nil || entry.Bucket.Left(l.rate, now) < 1 {
		return false
	}
	entry.Bucket.Take(l.rate, now, 1)
	return true
}
