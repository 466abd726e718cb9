package rewrite

import (
	"slices"

	"github.com/ration-dev/ration"
)

// place is a part of a JSON text, text[from:to], and what is to stand there: a
// node's value, or members that an object doesn't have.
type place struct {
	from, to int
	value    *node
	members  []*node
	follow   bool // the object has members before these
}

// fill returns a text that has in all places what is to stand there.
func fill(text []byte, places []place, decision *ration.Decision) []byte {
	if len(places) == 0 {
		return text
	}
	slices.SortFunc(places, func(a, b place) int { return a.from - b.from })
	filled, done := make([]byte, 0, len(text)+room), 0
	for _, place := range places {
		filled = append(filled, text[done:place.from]...)
		filled = place.append(filled, decision)
		done = place.to
	}
	return append(filled, text[done:]...)
}

// room is what a few values take at the most, as a rule.
const room = 512

func (p *place) append(text []byte, decision *ration.Decision) []byte {
	if p.value != nil {
		return p.value.appendJSON(text, decision)
	}
	if p.follow {
		text = append(text, ',')
	}
	return appendMembers(text, p.members, decision)
}
