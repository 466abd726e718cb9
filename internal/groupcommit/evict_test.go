package groupcommit_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration/internal/groupcommit"
)

func TestFullQueue(t *testing.T) {
	rows := map[string]struct {
		room   int
		queue  []string // what comes, in this order
		full   []string // who gets ErrQueueFull
		commit []string // the batch that is left
	}{
		"exactly full": {
			3, []string{"a:1", "a:2", "a:3"}, nil, []string{"a:1", "a:2", "a:3"},
		},
		"a hot key is refused beyond the room": {
			3, []string{"a:1", "a:2", "a:3", "a:4"}, []string{"a:4"}, []string{"a:1", "a:2", "a:3"},
		},
		"the newest item of the hot key gives way to a new key": {
			3, []string{"a:1", "a:2", "a:3", "b:1"}, []string{"a:3"}, []string{"a:1", "b:1", "a:2"},
		},
		"two hot keys can't shut a third one out": {
			4, []string{"a:1", "a:2", "b:1", "b:2", "c:1"}, []string{"a:2"}, []string{"a:1", "b:1", "c:1", "b:2"},
		},
		"of several keys the longest gives way": {
			9,
			[]string{"a:1", "a:2", "b:1", "b:2", "b:3", "b:4", "b:5", "c:1", "c:2", "d:1"},
			[]string{"b:5"},
			[]string{"a:1", "b:1", "c:1", "d:1", "a:2", "b:2", "c:2", "b:3", "b:4"},
		},
		"a short queue grows at the cost of a long one": {
			5, []string{"a:1", "a:2", "a:3", "a:4", "b:1", "b:2"}, []string{"a:4"}, []string{"a:1", "b:1", "a:2", "b:2", "a:3"},
		},
		"a key doesn't take from its equals": {
			4, []string{"a:1", "a:2", "b:1", "b:2", "a:3", "b:3"}, []string{"a:3", "b:3"}, []string{"a:1", "b:1", "a:2", "b:2"},
		},
		"full of different keys": {
			3, []string{"a:1", "b:1", "c:1", "d:1", "a:2"}, []string{"d:1", "a:2"}, []string{"a:1", "b:1", "c:1"},
		},
		"room for one": {
			1, []string{"a:1", "b:1", "a:2"}, []string{"b:1", "a:2"}, []string{"a:1"},
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLane(t, config{MaxQueue: row.room})
				l.do("first:1")
				call := l.next()
				var full []string
				ps := l.doAll(row.queue...)
				for _, p := range ps {
					if p.ended() {
						full = append(full, p.item)
						wantFull(t, p)
					}
				}
				if diff := cmp.Diff(row.full, full); diff != "" {
					t.Errorf("items without room (-want +got):\n%s", diff)
				}
				call.ok()
				l.nextIs(row.commit...).ok()
				l.close()
			})
		})
	}
}

// TestDoorIsFair fills queues with random keys. Whoever is refused shares the queue
// with nobody who holds twice as much, and whoever gives way is the newest of a key
// that holds at least half as much as any other.
func TestDoorIsFair(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		room := rapid.IntRange(1, 40).Draw(rt, "room")
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a", "a", "a", "b", "b", "c", "d", "e", "f"}), 50, 100).Draw(rt, "keys")
		var unfair string
		synctest.Test(t, func(t *testing.T) { unfair = fillQueue(t, room, keys) })
		if unfair != "" {
			rt.Fatal(unfair)
		}
	})
}

// fillQueue returns what was unfair, or "".
func fillQueue(t *testing.T, room int, keys []string) (unfair string) {
	l := newLane(t, config{MaxQueue: room})
	l.do("first:1")
	call := l.next()
	held, total := map[string][]*pending{}, 0
	most := func() (n int) {
		for _, ps := range held {
			n = max(n, len(ps))
		}
		return n
	}
	for i, key := range keys {
		p := l.do(fmt.Sprintf("%s:%d", key, i))
		if p.ended() {
			wantFull(t, p)
			if own := len(held[key]) + 1; total < room || most() >= 2*own {
				unfair = fmt.Sprintf("%s refused with %d of %d in the queue, %d of the longest key", p.item, total, room, most())
			}
			continue
		}
		for victim, ps := range held {
			newest := len(ps) - 1
			for j, other := range ps {
				if !other.ended() {
					continue
				}
				wantFull(t, other)
				if j != newest || 2*len(ps) < most() || total < room {
					unfair = fmt.Sprintf("%s gave way as number %d of %d, the longest key has %d", other.item, j+1, len(ps), most())
				}
				held[victim] = ps[:newest]
				total--
			}
		}
		held[key] = append(held[key], p)
		total++
		if depth := l.batcher.Depth(); depth != total {
			unfair = fmt.Sprintf("Depth() = %d, want %d", depth, total)
		}
	}
	call.ok()
	l.next().ok()
	l.close()
	return unfair
}

func TestHotKeyGetsItsRoomBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxQueue: 4})
		l.do("first:1")
		call := l.next()
		hot := l.doAll(items("hot", 4)...)
		cold := l.do("cold:1")
		wantFull(t, hot[3])
		cold.cancel()
		synctest.Wait()
		again := l.do("hot:5")
		wantWaiting(t, again)
		call.ok()
		l.nextIs("hot:1", "hot:2", "hot:3", "hot:5").ok()
		l.close()
	})
}

func TestSentItemsTakeNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxQueue: 2})
		l.do("a:1")
		call := l.nextIs("a:1")
		l.doAll("a:2", "a:3")
		wantFull(t, l.do("a:4"))
		call.ok()
		call = l.nextIs("a:2", "a:3")
		l.doAll("a:5", "a:6")
		wantFull(t, l.do("a:7"))
		call.ok()
		l.nextIs("a:5", "a:6").ok()
		l.close()
	})
}

func wantFull(t *testing.T, p *pending) {
	t.Helper()
	wantError(t, p, groupcommit.ErrQueueFull, groupcommit.ErrNotSent)
}
