package inbound

import "strings"

// name is a header's name as its readers may take it.
type name struct {
	folded []byte // as [rationhttp.FoldName]
	breaks uint64 // bit i: a separator stands before folded[i]
	plain  bool   // only letters, digits and single hyphens between them
}

// readName folds a name into the buffer, of which the name keeps the memory.
func readName(text string, buffer []byte) name {
	n := name{folded: buffer[:0], plain: true}
	separated := false
	for i := range len(text) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			if separated && len(n.folded) < 64 {
				n.breaks |= 1 << len(n.folded)
			}
			n.folded, separated = append(n.folded, c), false
			continue
		}
		n.plain = n.plain && c == '-' && !separated && i > 0
		separated = true
	}
	n.plain = n.plain && !separated
	return n
}

// family is a row of [believed] or of [endings].
type family struct {
	folded string
	word   bool // it ends, or begins, where a word does
}

// families are found by their first two letters, or their last two: a name is
// compared with few.
type families struct{ begin, end map[[2]byte][]family }

func newFamilies(beginnings, endings []string) families {
	all := families{begin: make(map[[2]byte][]family), end: make(map[[2]byte][]family)}
	for _, row := range beginnings {
		folded := readName(row, nil).folded
		start := [2]byte(folded)
		all.begin[start] = append(all.begin[start], family{string(folded), strings.HasSuffix(row, "-")})
	}
	for _, row := range endings {
		folded := readName(row, nil).folded
		last := [2]byte(folded[len(folded)-2:])
		all.end[last] = append(all.end[last], family{string(folded), strings.HasPrefix(row, "-")})
	}
	return all
}

// hold reports whether a name is in one of the families.
func (f families) hold(n name) bool { return f.holdBeginning(n) || f.holdEnding(n) }

func (f families) holdBeginning(n name) bool {
	if len(n.folded) < 2 {
		return false
	}
	for _, one := range f.begin[[2]byte(n.folded)] {
		length := len(one.folded)
		if len(n.folded) >= length && string(n.folded[:length]) == one.folded &&
			(!one.word || len(n.folded) == length || n.breaks&(1<<length) != 0) {
			return true
		}
	}
	return false
}

func (f families) holdEnding(n name) bool {
	if len(n.folded) < 2 {
		return false
	}
	for _, one := range f.end[[2]byte(n.folded[len(n.folded)-2:])] {
		start := len(n.folded) - len(one.folded)
		if start >= 0 && string(n.folded[start:]) == one.folded && (!one.word || start == 0 || start >= 64 || n.breaks&(1<<start) != 0) {
			return true
		}
	}
	return false
}
