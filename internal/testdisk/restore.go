//go:build unix

package testdisk

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Restore writes what a power cut now leaves of the files into a directory. What
// that is depends on the random numbers alone.
func (d *Disk) Restore(random *rand.Rand, dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, name := range d.sortedNames() {
		history := d.names[name].history
		left := history[random.IntN(len(history))]
		if left == nil {
			continue
		}
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), left.afterCut(random), 0o600))
	}
	return errors.Join(errs...)
}

func (d *Disk) sortedNames() []string {
	names := make([]string, 0, len(d.names))
	for name := range d.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// created notes that a name has got a file.
func (d *Disk) created(file string) *inode {
	fresh := new(inode)
	if known, ok := d.names[file]; ok {
		known.history = append(known.history, fresh)
	} else {
		d.names[file] = &name{history: []*inode{nil, fresh}}
	}
	return fresh
}

// deleted notes that a name has lost its file.
func (d *Disk) deleted(file string) {
	if known, ok := d.names[file]; ok && known.current() != nil {
		known.history = append(known.history, nil)
	}
}

// flushNames makes the names as they are outlive a power cut.
func (d *Disk) flushNames() {
	for _, name := range d.names {
		name.flush()
	}
}
