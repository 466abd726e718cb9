//go:build unix

package testdisk

import (
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// handle is an open file of a Disk.
type handle struct {
	disk    *Disk
	name    string
	file    *inode
	methods *sqlite3.Tsqlite3_io_methods // the system's
	synced  bool
	owed    bool // another handle's flush of the file failed, which this one is yet to hear
}

var (
	disks   sync.Map // directory → *Disk
	handles sync.Map // SQLite's pointer to the file → *handle
)

func handleOf(file uintptr) *handle {
	found, _ := handles.Load(file)
	return found.(*handle)
}

// diskOf returns the disk of a path, nil if none has it, and the file's name.
func diskOf(path uintptr) (*Disk, string) {
	if path == 0 {
		return nil, ""
	}
	dir, name := filepath.Split(libc.GoString(path))
	disk, ok := disks.Load(filepath.Clean(dir))
	if !ok {
		return nil, ""
	}
	return disk.(*Disk), name
}

func xOpen(tls *libc.TLS, _, path, file uintptr, flags int32, outFlags uintptr) int32 {
	open := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](system.FxOpen)
	disk, name := diskOf(path)
	if disk == nil {
		return open(tls, systemAt, path, file, flags, outFlags)
	}
	at[sqlite3.Tsqlite3_file](file).FpMethods = 0 // else SQLite would close it
	if answer, _ := disk.begin(Open, name); answer != 0 {
		return answer
	}
	disk.mu.Lock()
	defer disk.mu.Unlock()
	if _, err := os.Lstat(libc.GoString(path)); err != nil && disk.off && flags&sqlite3.SQLITE_OPEN_CREATE != 0 {
		return refusals[Open]
	}
	if code := open(tls, systemAt, path, file, flags, outFlags); code != sqlite3.SQLITE_OK {
		return code
	}
	opened := &handle{disk: disk, name: name, methods: at[sqlite3.Tsqlite3_io_methods](at[sqlite3.Tsqlite3_file](file).FpMethods)}
	if known, ok := disk.names[name]; ok && known.current() != nil {
		opened.file = known.current()
	} else {
		opened.file = disk.created(name)
	}
	handles.Store(file, opened)
	at[sqlite3.Tsqlite3_file](file).FpMethods = methodsLike(opened.methods)
	return sqlite3.SQLITE_OK
}

func xDelete(tls *libc.TLS, _, path uintptr, syncDir int32) int32 {
	remove := function[func(*libc.TLS, uintptr, uintptr, int32) int32](system.FxDelete)
	disk, name := diskOf(path)
	if disk == nil {
		return remove(tls, systemAt, path, syncDir)
	}
	answer, cut := disk.begin(Delete, name)
	disk.mu.Lock()
	defer disk.mu.Unlock()
	if cut {
		disk.deleted(name)
	}
	if answer != 0 {
		return answer
	}
	if disk.off { // since it began
		return refusals[Delete]
	}
	disk.namesFlushed = false
	code := remove(tls, systemAt, path, syncDir)
	if code == sqlite3.SQLITE_OK {
		disk.deleted(name)
		if disk.namesFlushed {
			disk.flushNames()
		}
	}
	return code
}

func xClose(tls *libc.TLS, file uintptr) int32 {
	h := handleOf(file)
	handles.Delete(file)
	return function[func(*libc.TLS, uintptr) int32](h.methods.FxClose)(tls, file)
}

func xRead(tls *libc.TLS, file, data uintptr, size int32, offset int64) int32 {
	h := handleOf(file)
	if answer, _ := h.disk.begin(Read, h.name); answer != 0 {
		return answer
	}
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](h.methods.FxRead)(tls, file, data, size, offset)
}

func xWrite(tls *libc.TLS, file, data uintptr, size int32, offset int64) int32 {
	h := handleOf(file)
	written := change{offset: offset, data: append([]byte{}, unsafe.Slice(at[byte](data), size)...)}
	return h.change(Write, written, func() int32 {
		return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](h.methods.FxWrite)(tls, file, data, size, offset)
	})
}

func xTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	h := handleOf(file)
	return h.change(Truncate, change{offset: size}, func() int32 {
		return function[func(*libc.TLS, uintptr, int64) int32](h.methods.FxTruncate)(tls, file, size)
	})
}

// change does a call that changes the file's content. One that the power cut
// hits may have been done.
func (h *handle) change(kind Kind, changed change, do func() int32) int32 {
	answer, cut := h.disk.begin(kind, h.name)
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if cut {
		h.file.changes = append(h.file.changes, changed)
	}
	if answer != 0 {
		return answer
	}
	if h.disk.off { // since it began
		return refusals[kind]
	}
	code := do()
	if code == sqlite3.SQLITE_OK {
		h.file.changes = append(h.file.changes, changed)
	}
	return code
}

// xSync flushes in the model. The real file is flushed once per opening, to see
// whether SQLite flushes the directory too: no power is cut for real.
func xSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	h := handleOf(file)
	answer, cut := h.disk.begin(Sync, h.name)
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	switch {
	case cut:
		return answer
	case answer != 0:
		h.failFlush()
		return answer
	case h.owed:
		h.owed = false
		h.file.doom()
		return refusals[Sync]
	case h.disk.off:
		return refusals[Sync]
	}
	if !h.synced {
		h.disk.namesFlushed = false
		if code := function[func(*libc.TLS, uintptr, int32) int32](h.methods.FxSync)(tls, file, flags); code != sqlite3.SQLITE_OK {
			return code
		}
		if h.disk.namesFlushed {
			h.disk.flushNames()
		}
	}
	h.synced = true
	h.file.flush()
	return sqlite3.SQLITE_OK
}

// failFlush is a flush that fails. As on Linux, the next flush by every other
// handle of the file says so too, and the one after that knows of nothing.
func (h *handle) failFlush() {
	h.file.doom()
	handles.Range(func(_, other any) bool {
		if other := other.(*handle); other != h && other.file == h.file {
			other.owed = true
		}
		return true
	})
}

// openDirectory is what SQLite calls, with the lock of the disk held, to flush a
// directory: with the path of a file in it.
func openDirectory(tls *libc.TLS, path, descriptor uintptr) int32 {
	if disk, _ := diskOf(path); disk != nil {
		disk.namesFlushed = true
	}
	return function[func(*libc.TLS, uintptr, uintptr) int32](systemOpenDirectory)(tls, path, descriptor)
}
