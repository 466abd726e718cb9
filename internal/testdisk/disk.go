//go:build unix

package testdisk

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// Kind is what SQLite asks of a disk.
type Kind int

// The kinds of calls. Those from Write on change what is on the disk.
const (
	Open Kind = iota
	Read
	Write
	Truncate
	Sync
	Delete
	kinds
)

// String names the kind.
func (k Kind) String() string {
	return [...]string{"open", "read", "write", "truncate", "sync", "delete"}[k]
}

// refusals are what a disk without power answers.
var refusals = [kinds]int32{
	sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_WRITE,
	sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DELETE,
}

// Call is a call of SQLite's.
type Call struct {
	Kind    Kind
	File    string // its name without the directory
	Nth     int    // of its kind, from 1
	Changes int    // calls so far that change something, with this one
}

// PowerCut is the answer to a call that the power is cut in the midst of.
const PowerCut = -1

// Disk holds the files of one directory. It is safe for concurrent use.
type Disk struct {
	dir   string
	fault func(Call) int

	mu      sync.Mutex
	calls   [kinds]int
	changes int
	off     bool
	names   map[string]*name

	namesFlushed bool // SQLite has opened the directory to flush it
}

// New makes the files of a directory, which lie there flushed, those of a Disk
// until the test ends. Before each call of SQLite's for one of them, fault says
// what comes of it: 0, a result code of SQLite's to fail it with, or PowerCut.
// It is called by several goroutines at once; nil: all goes well. The test must
// have closed its databases when it ends.
func New(t testing.TB, dir string, fault func(Call) int) *Disk {
	t.Helper()
	if err := installed; err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &Disk{dir: dir, fault: fault, names: make(map[string]*name)}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !isDurable(file.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		d.names[file.Name()] = &name{history: []*inode{{flushed: content}}}
	}
	if _, taken := disks.LoadOrStore(dir, d); taken {
		t.Fatalf("there is a disk in %q already", dir)
	}
	t.Cleanup(func() { disks.Delete(dir) })
	return d
}

// CutPower makes every call from now on that would change something fail, and
// nothing that is not flushed yet ever will be.
func (d *Disk) CutPower() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// Changes returns how many calls so far would change something.
func (d *Disk) Changes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes
}

// isDurable reports whether a file outlives a power cut. The index of the log
// and a lock mean nothing after it.
func isDurable(name string) bool {
	for _, suffix := range []string{"-shm", ".lock", ".sock"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	return true
}

// begin counts a call and returns what is to come of it. A call that the power
// cut hits has begun.
func (d *Disk) begin(kind Kind, file string) (answer int32, cut bool) {
	d.mu.Lock()
	d.calls[kind]++
	if kind >= Write {
		d.changes++
	}
	call := Call{Kind: kind, File: file, Nth: d.calls[kind], Changes: d.changes}
	off := d.off
	d.mu.Unlock()
	if off {
		if kind >= Write {
			return refusals[kind], false
		}
		return 0, false
	}
	if d.fault == nil {
		return 0, false
	}
	switch answer := d.fault(call); answer {
	case PowerCut:
		d.CutPower()
		return refusals[kind], true
	default:
		return int32(answer), false
	}
}
