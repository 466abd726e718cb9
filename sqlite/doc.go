// Package sqlite keeps keys, plans and usage in one SQLite file. One server needs
// nothing else. It implements [ration.Store] and [rationadmin.Store].
//
// Only one process can have the file open at a time; a lock file next to it ensures
// that. All changes go through one connection, one transaction after the other. They
// are flushed to disk before they are answered (journal mode WAL, synchronous FULL).
// Reads have their own connections and never wait for a writer.
package sqlite
