//go:build unix

package testdisk

import (
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite reaches files through a structure of functions, its VFS. Ours is a copy
// of the system's in which those functions that matter are replaced. It becomes
// the default one of the process, and hands all files that no Disk has to the
// system's. The driver represents a C function's pointer as that of a Go
// function value, so only functions of the package, which never move, will do.
var (
	systemAt            uintptr
	system              *sqlite3.Tsqlite3_vfs
	systemOpenDirectory uintptr

	methodsMu sync.Mutex
	methods   = make(map[*sqlite3.Tsqlite3_io_methods]uintptr) // the system's → ours
	methodsC  *libc.TLS
)

// installed is why there is no such VFS, if so. SQLite's own structures are
// written for it, so that must be before anything reads them: before main.
var installed = install()

func install() error {
	methodsC = libc.NewTLS()
	systemAt = sqlite3.Xsqlite3_vfs_find(methodsC, 0)
	if systemAt == 0 {
		return fmt.Errorf("installing a disk for tests: SQLite has no VFS")
	}
	system = at[sqlite3.Tsqlite3_vfs](systemAt)
	ours, err := allocate(*system)
	if err != nil {
		return err
	}
	text, err := libc.CString("testdisk")
	if err != nil {
		return fmt.Errorf("installing a disk for tests: %w", err)
	}
	vfs := at[sqlite3.Tsqlite3_vfs](ours)
	vfs.FpNext, vfs.FzName = 0, text
	vfs.FxOpen, vfs.FxDelete = pointer(xOpen), pointer(xDelete)
	if err := interceptOpenDirectory(); err != nil {
		return err
	}
	if code := sqlite3.Xsqlite3_vfs_register(methodsC, ours, 1); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("installing a disk for tests: registering it with SQLite: result code %d", code)
	}
	return nil
}

func interceptOpenDirectory() error {
	text, err := libc.CString("openDirectory")
	if err != nil {
		return fmt.Errorf("installing a disk for tests: %w", err)
	}
	get := function[func(*libc.TLS, uintptr, uintptr) uintptr](system.FxGetSystemCall)
	set := function[func(*libc.TLS, uintptr, uintptr, uintptr) int32](system.FxSetSystemCall)
	systemOpenDirectory = get(methodsC, systemAt, text)
	if code := set(methodsC, systemAt, text, pointer(openDirectory)); code != sqlite3.SQLITE_OK || systemOpenDirectory == 0 {
		return fmt.Errorf("installing a disk for tests: intercepting openDirectory: result code %d", code)
	}
	return nil
}

// methodsLike returns the address of a file's methods with ours in place of some.
func methodsLike(theirs *sqlite3.Tsqlite3_io_methods) uintptr {
	methodsMu.Lock()
	defer methodsMu.Unlock()
	if known, ok := methods[theirs]; ok {
		return known
	}
	ours, err := allocate(*theirs)
	if err != nil {
		panic(err)
	}
	table := at[sqlite3.Tsqlite3_io_methods](ours)
	table.FxClose, table.FxRead, table.FxWrite = pointer(xClose), pointer(xRead), pointer(xWrite)
	table.FxTruncate, table.FxSync = pointer(xTruncate), pointer(xSync)
	methods[theirs] = ours
	return ours
}

// allocate puts a value where SQLite may keep its address. It is never freed.
func allocate[T any](value T) (uintptr, error) {
	address := libc.Xmalloc(methodsC, libc.Tsize_t(unsafe.Sizeof(value)))
	if address == 0 {
		return 0, fmt.Errorf("installing a disk for tests: out of memory")
	}
	*at[T](address) = value
	return address, nil
}

// at returns what lies at an address that SQLite gave.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function returns the function of a C pointer.
func function[F any](pointer uintptr) F { return *(*F)(unsafe.Pointer(&pointer)) }

// pointer returns the C pointer of a function of this package.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
