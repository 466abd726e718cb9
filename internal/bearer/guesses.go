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

// What tokens that nobody has may cost: reads for one peer, and for all.
var (
	tokensOfAPeer = bucket.Rate{PerSecond: 1, Burst: 20}
	tokensInAll   = bucket.Rate{PerSecond: 50, Burst: 250}
)

// maxTokensSeen is how many tokens are remembered as good ones.
const maxTokensSeen = 10_000

// guesses bounds the reads for tokens that nobody has. A token that was good is
// read again each time, whatever its peer has spent: it may be revoked, but it is
// no guess. It is safe for concurrent use.
type guesses struct {
	budget *failures.Budget

	mu   sync.RWMutex
	seen map[ration.Digest]struct{}
}

func newGuesses() *guesses {
	return &guesses{
		budget: failures.New(failures.Config{PerAddress: tokensOfAPeer, InAll: tokensInAll}),
		seen:   make(map[ration.Digest]struct{}),
	}
}

// begin asks to have a token read. If the peer's budget is spent, it says for how
// long. What was read is told to end, which is never nil where retry is 0.
func (g *guesses) begin(ctx context.Context, token ration.Secret, from netip.Addr) (end func(good, unknown bool), retry time.Duration, err error) {
	digest := token.Digest(nil)
	if g.knows(digest) {
		return func(bool, bool) {}, 0, nil
	}
	try, retry, err := g.budget.Begin(ctx, from)
	if err != nil || retry > 0 {
		return nil, retry, err
	}
	return func(good, unknown bool) {
		if unknown {
			try.FoundNothing()
			return
		}
		if good {
			g.remember(digest)
		}
		try.Found()
	}, 0, nil
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
