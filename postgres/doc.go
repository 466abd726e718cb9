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
package postgres
