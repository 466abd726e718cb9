package groupcommit

// node is a place in a list, a field of what it places: linking and unlinking
// allocate nothing and take constant time.
type node[E any] struct {
	prev, next *node[E]
	of         *E
}

// list is a doubly linked ring of nodes around its root. It needs init before
// use and must not be copied.
type list[E any] struct{ root node[E] }

func (l *list[E]) init() { l.root.prev, l.root.next = &l.root, &l.root }

func (l *list[E]) first() *E { return l.root.next.of }

func (l *list[E]) pushBack(n *node[E]) {
	n.prev, n.next = l.root.prev, &l.root
	n.prev.next, n.next.prev = n, n
}

// pushBackAll moves all of other, in its order, to the end of l.
func (l *list[E]) pushBackAll(other *list[E]) {
	if other.first() == nil {
		return
	}
	head, tail := other.root.next, other.root.prev
	head.prev, tail.next = l.root.prev, &l.root
	head.prev.next, tail.next.prev = head, tail
	other.init()
}

func (n *node[E]) unlink() {
	n.prev.next, n.next.prev = n.next, n.prev
	n.prev, n.next = nil, nil
}
