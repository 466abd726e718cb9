// Package rationadmin administers keys, plans and tokens from a Go program that
// embeds Ration. Programs in other languages, and people, use the ration
// command instead.
//
// Open a store, make its [Operations] with [New], and call them. Package
// [adminsocket] lets the ration command administer an SQLite file that a program has
// open, and so has to itself.
//
// Fields that are left zero have a meaning that each type says; times are instants
// with whole microseconds, and the zero time is "never" or "not known".
//
// [adminsocket]: https://pkg.go.dev/github.com/ration-dev/ration/rationadmin/adminsocket
package rationadmin

import (
	"errors"
)

// Config says how secrets are made and kept. Both must be those of the engine.
type Config struct {
	SecretPrefix string // of new secrets; empty: [ration.DefaultSecretPrefix]
	Pepper       []byte // server-side key of digests; empty: none
}

// Store is a store of this module, that of sqlite.Open or postgres.Open. No other
// type implements it.
type Store interface {
	// Administration returns the operations on the store; see [New].
	Administration(config Config) Operations
}

// New returns the operations on a store, such as that of [sqlite.Open] or
// [postgres.Open]. They end with the store: close it last.
//
// [sqlite.Open]: https://pkg.go.dev/github.com/ration-dev/ration/sqlite#Open
// [postgres.Open]: https://pkg.go.dev/github.com/ration-dev/ration/postgres#Open
func New(store Store, config Config) Operations { return store.Administration(config) }

// ErrNoBackup is a database that has better means of its own.
var ErrNoBackup = errors.New("back this database up with its own tools, such as pg_dump")
