// Package ledger has the rule and its bookkeeping. [Decide] defines what a limit
// means. An [Account] is one key within one transaction of a store: it starts from
// what was read under the key's lock, and ends with what has to be written.
//
// A store reads a [Policy] (what limits the key) and a [Usage] (its counts) and, for
// items that refer to earlier charges, a [Prior]. It makes an Account of them, passes
// the key's items of a batch to it in order, and writes what the Account returns.
// Nothing here knows a database, reads a clock or is safe for concurrent use.
// Integrations never import this package: they ask an engine.
package ledger
