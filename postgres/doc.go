// Package postgres keeps keys, plans and usage in PostgreSQL 15 or later, for
// any number of instances that share it.
//
// A batch of charges is one READ COMMITTED transaction of two pipelined round
// trips: the first takes the batch's id, locks the keys' usage rows in the order
// of their ids and reads policy and time; the second writes deltas and commits.
// Nothing that a decision depends on outlives its transaction. A commit whose
// answer is lost is resolved by the batch's id (see resolve.go), never guessed.
//
// Decisions have connections of their own, one per lane; administration and
// reports share a small pool and can't slow them down by holding it.
//
// A pooler between, such as PgBouncer in transaction or session mode, is noticed
// by itself: the process id that it gives is not that of the session. Statements
// are then sent unnamed, with the same plans. Every transaction brings all its
// settings along and takes nothing from its session: neither what the role or the
// database has set nor what another client has left there (settings, a search
// path, a role, temporary tables). The schema is the first of the search path
// with Ration's tables, as it was when the store was opened; a search_path in the
// URL works through a pooler too, other settings in the URL where the pooler
// passes them on. Statement mode does not work: it has no transactions. A pooler
// that withholds the server's warnings is refused.
package postgres
