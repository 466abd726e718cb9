// Package admin is the operations of administration: keys, plans, overrides,
// service tokens, usage and the audit log. CLI, REST API and console show
// them; none of them has rules of its own. Each operation takes an actor and
// writes its audit entry in its own transaction.
package admin
