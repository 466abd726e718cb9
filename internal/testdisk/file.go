//go:build unix

package testdisk

import (
	"math/rand/v2"
	"slices"
)

const sectorSize = 512

// name is a name in the directory and what it has stood for since the directory
// was flushed: the first is what it surely stands for, the last what it stands
// for while the power is on. A nil is no file.
type name struct{ history []*inode }

func (n *name) current() *inode { return n.history[len(n.history)-1] }

// flush makes the present file the one after a power cut.
func (n *name) flush() { n.history = n.history[len(n.history)-1:] }

// inode is what a file surely holds and what has changed since.
type inode struct {
	flushed []byte
	changes []change
}

// change is a write or, where it has no data, a truncation.
type change struct {
	offset  int64
	data    []byte
	flushed bool
	doomed  bool // a flush failed: the next one will not try to write it again
}

// flush makes all that was written so far outlive a power cut, but what an
// earlier flush failed to.
func (f *inode) flush() {
	for i := range f.changes {
		f.changes[i].flushed = !f.changes[i].doomed
	}
	for len(f.changes) > 0 && f.changes[0].flushed {
		f.flushed = f.changes[0].apply(f.flushed)
		f.changes = f.changes[1:]
	}
}

// doom is what a failed flush does: the kernel may take what it could not write
// for written.
func (f *inode) doom() {
	for i := range f.changes {
		f.changes[i].doomed = !f.changes[i].flushed
	}
}

// afterCut returns what a power cut leaves of the file.
func (f *inode) afterCut(random *rand.Rand) []byte {
	content := slices.Clone(f.flushed)
	written := fate(random, len(f.changes))
	for i, change := range f.changes {
		if change.flushed {
			content = change.apply(content)
		} else {
			content = change.tear(content, random, written(i))
		}
	}
	return content
}

// fate says how likely each sector of each of so many changes is on the disk.
// Some disks write in order, and some as they please.
func fate(random *rand.Rand, changes int) func(int) float64 {
	switch random.IntN(5) {
	case 0: // in order
		last := random.IntN(changes + 1)
		return func(i int) float64 {
			switch {
			case i < last:
				return 1
			case i == last:
				return 0.5
			}
			return 0
		}
	case 1: // whole ones
		return func(int) float64 { return float64(random.IntN(2)) }
	case 2: // all: the cut came after the disk was done, and before it said so
		return func(int) float64 { return 1 }
	default:
		share := float64(random.IntN(11)) / 10
		return func(int) float64 { return share }
	}
}

func (c change) apply(content []byte) []byte {
	if c.data == nil {
		return resize(content, c.offset)
	}
	if end := c.offset + int64(len(c.data)); end > int64(len(content)) {
		content = resize(content, end)
	}
	copy(content[c.offset:], c.data)
	return content
}

// tear applies each sector of the change, or not. Where one is not written it
// may hold anything, but what lies beside the change in it stays.
func (c change) tear(content []byte, random *rand.Rand, written float64) []byte {
	if c.data == nil {
		if random.Float64() < written {
			return c.apply(content)
		}
		return content
	}
	for start := 0; start < len(c.data); {
		end := min(len(c.data), start+sectorSize-int((c.offset+int64(start))%sectorSize))
		sector := change{offset: c.offset + int64(start), data: c.data[start:end]}
		switch {
		case random.Float64() < written:
			content = sector.apply(content)
		case random.IntN(10) == 0:
			sector.data = noise(random, end-start)
			content = sector.apply(content)
		}
		start = end
	}
	return content
}

func noise(random *rand.Rand, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// resize cuts the content or fills it up with zeros.
func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}
