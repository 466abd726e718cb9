// Package bucket has token buckets, one for each client address, in bounded memory.
//
// A bucket holds at most its burst and gains tokens at a steady rate. A bucket that
// is full says no more than that its address has done nothing of late, so a table
// forgets it; one that is not full is never forgotten before it has filled up.
// Nobody gets rid of a debt by coming from many addresses, therefore, and nobody
// makes a table grow beyond its size: a table that is full of debts takes no new
// address until some have been paid.
package bucket
