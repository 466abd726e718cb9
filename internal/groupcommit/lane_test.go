package groupcommit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/groupcommit"
)

// lane is a Batcher under test whose Commit does what the test says. An item is a
// string: its key, a colon and anything. Its result is "did " and the item.
type lane struct {
	t       *testing.T
	batcher *groupcommit.Batcher[string, string, string]
	calls   chan *call
	pending []*pending
}

type config = groupcommit.Config[string, string, string]

// call is a call of Commit under way.
type call struct {
	ctx   context.Context
	items []string
	end   chan func() ([]string, error)
}

// pending is a call of Do, and its answer once it has ended.
type pending struct {
	item   string
	cancel context.CancelFunc
	done   chan struct{} // closed once it has ended
	result string
	err    error
}

func keyOf(item string) string {
	key, _, _ := strings.Cut(item, ":")
	return key
}

// newLane must be called in a synctest bubble.
func newLane(t *testing.T, c config) *lane {
	t.Helper()
	l := &lane{t: t, calls: make(chan *call)}
	c.Key = keyOf
	c.Commit = func(ctx context.Context, items []string) ([]string, error) {
		call := &call{ctx: ctx, items: slices.Clone(items), end: make(chan func() ([]string, error))}
		l.calls <- call
		return (<-call.end)()
	}
	l.batcher = groupcommit.New(c)
	return l
}

// do calls Do in the background and returns once the item waits.
func (l *lane) do(item string) *pending {
	ctx, cancel := context.WithCancel(context.Background())
	p := &pending{item: item, cancel: cancel, done: make(chan struct{})}
	l.pending = append(l.pending, p)
	go func() {
		defer cancel()
		p.result, p.err = l.batcher.Do(ctx, item)
		close(p.done)
	}()
	synctest.Wait()
	return p
}

// doAll calls do for each of the items, in their order.
func (l *lane) doAll(items ...string) []*pending {
	ps := make([]*pending, len(items))
	for i, item := range items {
		ps[i] = l.do(item)
	}
	return ps
}

// next returns the call of Commit that is under way.
func (l *lane) next() *call {
	l.t.Helper()
	synctest.Wait()
	select {
	case call := <-l.calls:
		return call
	default:
		l.t.Fatal("no call of Commit is under way")
		return nil
	}
}

// nextIs is next, which must be a call with exactly these items.
func (l *lane) nextIs(items ...string) *call {
	l.t.Helper()
	call := l.next()
	if diff := cmp.Diff(items, call.items); diff != "" {
		l.t.Fatalf("batch (-want +got):\n%s", diff)
	}
	return call
}

// idle fails the test if Commit is called.
func (l *lane) idle() {
	l.t.Helper()
	synctest.Wait()
	select {
	case call := <-l.calls:
		l.t.Fatalf("Commit called with %q, want no call", call.items)
	default:
	}
}

// close drains the lane, which must have nothing left to do, and checks that
// nothing is left behind.
func (l *lane) close() {
	l.t.Helper()
	l.idle()
	if err := l.batcher.Close(context.Background()); err != nil {
		l.t.Errorf("Close() = %v", err)
	}
	synctest.Wait()
	for _, p := range l.pending {
		if !p.ended() {
			l.t.Errorf("Do(%q) has not returned", p.item)
		}
	}
	checkEmpty(l.t, l.batcher)
}

func checkEmpty[K comparable, T, R any](t *testing.T, b *groupcommit.Batcher[K, T, R]) {
	t.Helper()
	if n := b.Depth(); n != 0 {
		t.Errorf("Depth() = %d, want 0", n)
	}
	if n := b.WaitingKeys(); n != 0 {
		t.Errorf("%d keys left in the queue, want 0", n)
	}
	if n := b.Waiting(); n != 0 {
		t.Errorf("%d callers left waiting, want 0", n)
	}
}

// ok ends the call with a result for each item.
func (c *call) ok() {
	results := make([]string, len(c.items))
	for i, item := range c.items {
		results[i] = "did " + item
	}
	c.returns(results, nil)
}

func (c *call) fails(err error) { c.returns(nil, err) }

func (c *call) returns(results []string, err error) {
	c.does(func() ([]string, error) { return results, err })
}

// does ends the call with f, on the goroutine of Commit.
func (c *call) does(f func() ([]string, error)) {
	c.end <- f
	synctest.Wait()
}

func (p *pending) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// state shows what has become of a call of Do.
func (p *pending) state() string {
	switch {
	case !p.ended():
		return "waiting"
	case p.err != nil:
		return p.err.Error()
	default:
		return p.result
	}
}

// wantDone checks that all have their own item's result.
func wantDone(t *testing.T, ps ...*pending) {
	t.Helper()
	for _, p := range ps {
		if got, want := p.state(), "did "+p.item; got != want {
			t.Errorf("Do(%q): %s, want %s", p.item, got, want)
		}
	}
}

func wantWaiting(t *testing.T, ps ...*pending) {
	t.Helper()
	for _, p := range ps {
		if p.ended() {
			t.Errorf("Do(%q): %s, want it to wait", p.item, p.state())
		}
	}
}

// items makes n items of a key: key:1, key:2, …
func items(key string, n int) []string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("%s:%d", key, i+1)
	}
	return items
}
