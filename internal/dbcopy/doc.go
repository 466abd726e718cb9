// Package dbcopy moves everything from a SQLite file to a PostgreSQL database, or
// the other way.
//
// The source is read as it is at one instant, and never written. From its first
// row on, the target bears a mark with which no build of Ration opens it; the
// table by which secrets are admitted is filled last, in the transaction that
// takes the mark away. In between, tables are filled in the order of their keys in
// transactions of many rows, so that a copy which was cut short goes on where it
// was: it compares what is there with the source, row by row, and adds the rest.
// In the end all rows are compared once more.
package dbcopy
