package turns

import "slices"

// waiter is somebody who waits. They are told once: nil if they have a turn.
type waiter struct{ told chan error }

// queue is lines that are served one after the other. The zero queue is empty.
type queue struct {
	waiting int
	lines   map[string][]*waiter // none is empty
	order   []string             // in which lines are served
}

func (q *queue) push(name string, w *waiter) {
	if q.lines == nil {
		q.lines = make(map[string][]*waiter)
	}
	if len(q.lines[name]) == 0 {
		q.order = append(q.order, name)
	}
	q.lines[name] = append(q.lines[name], w)
	q.waiting++
}

// pop takes out the first of the line whose turn it is, which goes behind the others.
func (q *queue) pop() *waiter {
	name := q.order[0]
	q.order = q.order[1:]
	w := q.lines[name][0]
	q.lines[name] = q.lines[name][1:]
	q.waiting--
	if len(q.lines[name]) == 0 {
		delete(q.lines, name)
	} else {
		q.order = append(q.order, name)
	}
	return w
}

// remove takes out one who has gone.
func (q *queue) remove(name string, w *waiter) {
	i := slices.Index(q.lines[name], w)
	if i < 0 {
		return
	}
	q.lines[name] = slices.Delete(q.lines[name], i, i+1)
	q.waiting--
	if len(q.lines[name]) == 0 {
		delete(q.lines, name)
		q.order = slices.DeleteFunc(q.order, func(other string) bool { return other == name })
	}
}

// displace takes out the newest of the longest line, for somebody whose line is
// shorter even with them in it; nil if there is no such line.
func (q *queue) displace(name string) *waiter {
	longest := ""
	for other, line := range q.lines {
		if len(line) > len(q.lines[longest]) {
			longest = other
		}
	}
	line := q.lines[longest]
	if len(line) <= len(q.lines[name])+1 {
		return nil
	}
	newest := line[len(line)-1]
	q.remove(longest, newest)
	return newest
}
