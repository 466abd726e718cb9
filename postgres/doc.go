// Package postgres keeps keys, plans and usage in PostgreSQL 15 or later, which any
// number of instances can share. It implements [ration.Store] and
// [rationadmin.Store].
//
// A batch of charges is one READ COMMITTED transaction with two pipelined round
// trips. The first inserts the batch's id, locks the keys' usage rows in the order of
// their ids, and reads everything that decisions depend on, including the time. The
// second writes deltas and commits. Nothing that a decision depends on is kept beyond
// its transaction. If the answer to a COMMIT is lost, the store does not guess: it
// finds out by the batch's id (see resolve.go).
//
// Decisions have their own connections, one per lane. Administration and reports
// share a small pool, so they can't take connections away from decisions.
//
// There may be a pooler in front of the server, such as PgBouncer in transaction or
// session mode. The store notices it by itself, because the process id that a pooler
// gives is not that of the session. It then sends statements unnamed, with the same
// plans. Every transaction makes all its settings itself, and relies on nothing in
// its session: neither on settings of the role or the database, nor on what another
// client has left there (settings, a search path, a role, temporary tables).
//
// When the store is opened, it chooses the first schema of the search path that has
// Ration's tables, and keeps to it. A search_path in the URL works through a pooler
// too; other settings in the URL work if the pooler passes them on. Statement mode
// does not work, because it has no transactions. A pooler that withholds the server's
// warnings is refused.
package postgres
