// Package admin has the operations of administration: on keys, plans, overrides,
// service tokens, usage and the audit log. Commands only show these operations, and
// have no rules of their own. Each operation takes an actor, and writes its audit
// entry in the transaction that makes the change.
package admin
