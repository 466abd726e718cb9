package groupcommit_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

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
			9, []string{"a:1", "a:2", "b:1", "b:2", "b:3", "b:4", "b:5", "c:1", "c:2", "d:1"},
			[]string{"b:5"}, []string{"a:1", "b:1", "c:1", "d:1", "a:2", "b:2", "c:2", "b:3", "b:4"},
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
