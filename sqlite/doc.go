// Package sqlite keeps keys, plans and usage in one SQLite file: all that one
// server needs. It implements [ration.Store] and the store of administration.
//
// One process has the file at a time, which a lock file beside it enforces. All
// changes go through one connection, one transaction after the other, and are
// flushed to disk before they are answered (journal mode WAL, synchronous
// FULL). Reads have connections of their own and never wait for a writer.
package sqlite
