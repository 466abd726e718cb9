// Package sqlite runs the built binary on an SQLite file that others use, fill
// up, delete and administer while it serves.
package sqlite
