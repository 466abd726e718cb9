// Package ledger is the rule and its books: [Decide] says what a limit means, and
// an [Account] is one key within one transaction of a store, from what was read
// under the key's lock to what is to be written.
//
// A store reads a [Policy] and a [Usage], and for charges that refer to earlier ones
// a [Prior], makes an Account of them, gives it the key's charges of a batch in
// order, and writes what it returns. Nothing here knows a database, reads a clock or
// is safe for concurrent use. Ways in never import this package: they ask an engine.
package ledger
