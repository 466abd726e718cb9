// Package testdisk is a disk for tests of SQLite databases: it loses what was
// not flushed when its power is cut, and fails the calls that a test tells it
// to fail. It stands between SQLite and the system's files, so that the store
// under test is the one that is shipped.
//
// What it may lose is what SQLite documents that a disk may lose: of the writes
// to a file since its last flush any part, in any order, torn into sectors of
// 512 bytes, some of them filled with something else; and the names of files
// that were created or deleted since their directory was flushed.
package testdisk
