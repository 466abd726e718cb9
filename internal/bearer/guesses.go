package bearer

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bucket"
	"github.com/ration-dev/ration/internal/failures"
)

// What tokens that nobody has may cost: reads for one address, and for all. Beyond what all
// may cost, look-ups go one at a time.
var (
	tokensOfAnAddress = bucket.Rate{PerSecond: 1, Burst: 20}
	tokensInAll       = bucket.Rate{PerSecond: 50, Burst: 250}
)

// turnTime is how long a look-up waits for its turn among those that go one at a time.
const turnTime = time.Second

// maxTokensSeen is how many tokens are remembered as good ones.
const maxTokensSeen = 10_000

// guesses bounds the reads for tokens that nobody has. A token that was good is
// read again each time, whatever its address has spent: it may be revoked, but it is
// no guess. It is safe for concurrent use.
//
// Who has many addresses can spend what all may cost. Nobody is refused for that: whoever
// has a right token that was not seen yet would be, for as long as somebody guesses.
type guesses struct {
	addresses, all *failures.Budget
	turn           chan struct{} // has room for the one whose turn it is

	mu   sync.RWMutex
	seen map[ration.Digest]struct{}
}

func newGuesses() *guesses {
	return &guesses{
		addresses: failures.New(failures.Config{PerAddress: tokensOfAnAddress}),
		all:       failures.New(failures.Config{InAll: tokensInAll}),
		turn:      make(chan struct{}, 1),
		seen:      make(map[ration.Digest]struct{}),
	}
}

// begin asks to have a token read. If the budget is spent, it says for how long. What was
// read is told to end, which is never nil where retry is 0.
func (g *guesses) begin(ctx context.Context, token ration.Secret, from netip.Addr) (end func(good, unknown bool), retry time.Duration, err error) {
	digest := token.Digest(nil)
	if g.knows(digest) {
		return func(bool, bool) {}, 0, nil
	}
	try, retry, err := g.addresses.Begin(ctx, from)
	if err != nil || retry > 0 {
		return nil, retry, err
	}
	nothing, leave, retry, err := g.enter(ctx)
	if err != nil || retry > 0 {
		try.Found()
		return nil, retry, err
	}
	return func(good, unknown bool) {
		defer leave()
		if unknown {
			nothing()
			try.FoundNothing()
			return
		}
		if good {
			g.remember(digest)
		}
		try.Found()
	}, 0, nil
}

// enter lets a look-up in as far as all together may cost something, and else when its turn
// comes. Nothing is called if it finds nothing, and leave in any case.
func (g *guesses) enter(ctx context.Context) (nothing, leave func(), retry time.Duration, err error) {
	try, retry, err := g.all.Begin(ctx, netip.Addr{})
	if err != nil || retry == 0 {
		return try.FoundNothing, func() {}, 0, err
	}
	waited := time.NewTimer(turnTime)
	defer waited.Stop()
	select {
	case g.turn <- struct{}{}:
		return func() {}, func() { <-g.turn }, 0, nil
	case <-waited.C:
		return nil, nil, retry, nil
	case <-ctx.Done():
		return nil, nil, 0, ctx.Err()
	}
}

func (g *guesses) knows(digest ration.Digest) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, known := g.seen[digest]
	return known
}

// remember forgets all others when there are too many: they are good ones, and
// remembered again at their next call.
func (g *guesses) remember(digest ration.Digest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.seen) >= maxTokensSeen {
		clear(g.seen)
	}
	g.seen[digest] = struct{}{}
}
