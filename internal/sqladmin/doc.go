// Package sqladmin keeps what administration keeps, once for both databases:
// tokens, the audit log, plans, keys with their secrets and overrides, and the
// reading of usage. Each noun has one file here, and each statement one text.
//
// A statement is written as SQLite takes it: its parameters are "?" in the order
// of their values. "IN (?)" names a list: a statement that has one has no other
// parameter, and may name it twice. A database turns that into what it takes
// itself; see [Reader] for the values. Beyond that, statements use only what
// SQLite and PostgreSQL both know. What they don't share is in the interfaces of
// this package: locks, the clock, how a key's usage is read.
//
// Charges, raises and repairs of usage are not here: they are each store's own, for
// their speed.
package sqladmin
