package rewrite

import (
	"strconv"

	"github.com/ration-dev/ration"
)

// node is a value that pointers lead to or through. Its zero value is the whole
// text, and nothing leads anywhere in it.
type node struct {
	name  string  // of the member, or the element's number
	below []*node // within it; a rule's own value has none
	field Field   // of a rule's own value
}

// child returns the node of a name within this one; nil: there is none.
func (n *node) child(name string) *node {
	for _, child := range n.below {
		if child.name == name {
			return child
		}
	}
	return nil
}

// add adds the node that a pointer leads to. It returns nil if the node is there
// already, or lies within a rule's own value.
func (n *node) add(at pointer) *node {
	for i, name := range at {
		child := n.child(name)
		if child == nil {
			return n.grow(at[i:])
		}
		if len(child.below) == 0 {
			return nil
		}
		n = child
	}
	return nil
}

// grow adds the nodes that a pointer leads through, and returns the last.
func (n *node) grow(at pointer) *node {
	for _, name := range at {
		child := &node{name: name}
		n.below = append(n.below, child)
		n = child
	}
	return n
}

// positions returns the nodes within this one that are elements of an array.
func (n *node) positions() map[int]*node {
	elements := make(map[int]*node)
	for _, child := range n.below {
		if i, err := strconv.Atoi(child.name); err == nil && strconv.Itoa(i) == child.name {
			elements[i] = child
		}
	}
	return elements
}

// collect returns the places found in the members of an object, and the end of the
// object for those members that it doesn't have.
func (n *node) collect(found map[*node][]place, end place) []place {
	var places []place
	for _, child := range n.below {
		if within, exists := found[child]; exists {
			places = append(places, within...)
		} else {
			end.members = append(end.members, child)
		}
	}
	if len(end.members) > 0 {
		places = append(places, end)
	}
	return places
}

// appendJSON appends the value of a text that has nothing at this node yet.
func (n *node) appendJSON(text []byte, decision *ration.Decision) []byte {
	if len(n.below) == 0 {
		return append(text, n.field.json(decision)...)
	}
	text = append(text, '{')
	text = appendMembers(text, n.below, decision)
	return append(text, '}')
}

func appendMembers(text []byte, nodes []*node, decision *ration.Decision) []byte {
	for i, n := range nodes {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, quote(n.name)...), ':')
		text = n.appendJSON(text, decision)
	}
	return text
}
