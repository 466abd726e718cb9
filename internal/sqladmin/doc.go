// Package sqladmin has the storage of administration, written once for both
// databases: tokens, the audit log, plans, keys with their secrets and overrides, and
// the reading of usage. Each noun has one file here, and each statement is written
// once.
//
// A statement has the form that SQLite takes: its parameters are "?", in the order of
// their values. "IN (?)" stands for a list; a statement with a list has no other
// parameter, and may contain the list twice. Each database translates this into its
// own form; see [Reader] for the values. Apart from that, statements use only what
// SQLite and PostgreSQL both know. What differs is in the interfaces of this package:
// locks, the clock, and how a key's usage is read.
//
// Charges, raises and repairs of usage are not here. Each store has its own, for
// their speed.
package sqladmin
