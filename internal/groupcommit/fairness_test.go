package groupcommit_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestHotKeyDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{MaxItems: 100, MaxQueue: 5000})
		l.do("hot:0")
		call := l.next()
		l.doAll(items("hot", 3000)...)
		call.ok()
		call = l.next()
		cold := l.do("cold:1")
		call.ok()

		call = l.next()
		if !slices.Contains(call.items, "cold:1") {
			t.Error("the cold key's item is not in the next batch taken")
		}
		if len(call.items) != 100 {
			t.Errorf("batch of %d, want a full one of 100", len(call.items))
		}
		call.ok()
		wantDone(t, cold)
		for l.batcher.Depth() > 0 {
			l.next().ok()
		}
		l.next().ok()
		l.close()
	})
}

func TestTurns(t *testing.T) {
	rows := map[string]struct {
		config  config
		queue   []string
		batches [][]string
	}{
		"one item per key in turn, round after round": {
			config{},
			[]string{"a:1", "a:2", "a:3", "b:1", "c:1", "c:2"},
			[][]string{{"a:1", "b:1", "c:1", "a:2", "c:2", "a:3"}},
		},
		"a round cut short goes on in the next batch": {
			config{MaxItems: 4},
			[]string{"a:1", "a:2", "b:1", "b:2", "c:1", "c:2"},
			[][]string{{"a:1", "b:1", "c:1", "a:2"}, {"b:2", "c:2"}},
		},
		"keys without a turn come before keys with more": {
			config{MaxKeys: 2},
			[]string{"a:1", "a:2", "b:1", "c:1", "c:2", "d:1"},
			[][]string{{"a:1", "b:1", "a:2"}, {"c:1", "d:1", "c:2"}},
		},
		"fewer items than keys per batch": {
			config{MaxKeys: 3, MaxItems: 2},
			[]string{"a:1", "a:2", "b:1", "b:2", "c:1", "c:2"},
			[][]string{{"a:1", "b:1"}, {"c:1", "a:2"}, {"b:2", "c:2"}},
		},
		"a hot key with left-overs goes to the back": {
			config{MaxKeys: 2, MaxItems: 3},
			[]string{"a:1", "a:2", "a:3", "a:4", "b:1", "c:1", "d:1"},
			[][]string{{"a:1", "b:1", "a:2"}, {"c:1", "d:1"}, {"a:3", "a:4"}},
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLane(t, row.config)
				l.do("first:1")
				call := l.next()
				l.doAll(row.queue...)
				call.ok()
				for _, batch := range row.batches {
					l.nextIs(batch...).ok()
				}
				wantDone(t, l.pending...)
				l.close()
			})
		})
	}
}

// TestTurnsAgainstModel runs random histories of coming, leaving and committing
// against a naive queue that keeps plain slices.
func TestTurnsAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := config{
			MaxKeys:  rapid.IntRange(1, 5).Draw(rt, "max keys"),
			MaxItems: rapid.IntRange(1, 9).Draw(rt, "max items"),
		}
		steps := rapid.SliceOfN(rapid.IntRange(0, 19), 1, 60).Draw(rt, "steps")
		var diff string
		synctest.Test(t, func(t *testing.T) { diff = compareWithModel(t, c, steps) })
		if diff != "" {
			rt.Fatal(diff)
		}
	})
}

// compareWithModel returns the first difference, or "".
func compareWithModel(t *testing.T, c config, steps []int) (diff string) {
	l := newLane(t, c)
	l.do("first:1")
	call := l.next()
	model := &turnsModel{maxKeys: c.MaxKeys, maxItems: c.MaxItems}
	byItem := map[string]*pending{}
	for i, step := range steps {
		switch {
		case step < 14: // an item of one of seven keys comes
			item := fmt.Sprintf("%c:%d", 'a'+step/2, i)
			byItem[item] = l.do(item)
			model.push(item)
		case step < 17: // a caller leaves
			if item := model.removeAny(i); item != "" {
				byItem[item].cancel()
				synctest.Wait()
				delete(byItem, item)
			}
		case model.depth() > 0: // a commit ends, the next one takes its batch
			call.ok()
			call = l.next()
			diff = cmp.Or(diff, gocmp.Diff(model.take(), call.items))
		}
		diff = cmp.Or(diff, gocmp.Diff(model.depth(), l.batcher.Depth()))
	}
	call.ok()
	for model.depth() > 0 {
		call = l.next()
		diff = cmp.Or(diff, gocmp.Diff(model.take(), call.items))
		call.ok()
	}
	for _, p := range byItem {
		wantDone(t, p)
	}
	l.close()
	return diff
}

// turnsModel is the meaning of taking turns, written down naively.
type turnsModel struct {
	maxKeys, maxItems int
	turns             [][]string // the waiting items of one key each
}

func (m *turnsModel) push(item string) {
	for i, queue := range m.turns {
		if keyOf(queue[0]) == keyOf(item) {
			m.turns[i] = append(queue, item)
			return
		}
	}
	m.turns = append(m.turns, []string{item})
}

func (m *turnsModel) removeAny(seed int) string {
	if len(m.turns) == 0 {
		return ""
	}
	i := seed % len(m.turns)
	j := seed / 7 % len(m.turns[i])
	item := m.turns[i][j]
	m.turns[i] = slices.Delete(m.turns[i], j, j+1)
	if len(m.turns[i]) == 0 {
		m.turns = slices.Delete(m.turns, i, i+1)
	}
	return item
}

func (m *turnsModel) take() (batch []string) {
	n := min(m.maxKeys, m.maxItems, len(m.turns))
	served, others := slices.Clone(m.turns[:n]), m.turns[n:]
	for len(served) > 0 && len(batch) < m.maxItems {
		queue := served[0]
		served = served[1:]
		batch = append(batch, queue[0])
		if len(queue) > 1 {
			served = append(served, queue[1:])
		}
	}
	m.turns = slices.Concat(others, served)
	return batch
}

func (m *turnsModel) depth() (n int) {
	for _, queue := range m.turns {
		n += len(queue)
	}
	return n
}

func TestManyKeysPassThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys, maxKeys = 10_000, 300
		l := newLane(t, config{MaxKeys: maxKeys})
		l.do("first:1")
		call := l.next()
		for i := range keys {
			l.do(fmt.Sprintf("key%d:1", i))
		}
		if n := l.batcher.WaitingKeys(); n != keys {
			t.Errorf("%d keys in the queue, want %d", n, keys)
		}
		call.ok()
		for l.batcher.Depth() > 0 {
			l.next().ok()
		}
		l.next().ok()
		wantDone(t, l.pending...)
		l.close() // checks that no key is left
		if n := l.batcher.SpareKeys(); n > maxKeys {
			t.Errorf("%d spare structs kept, want at most %d", n, maxKeys)
		}
	})
}
