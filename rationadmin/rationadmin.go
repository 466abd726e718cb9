// Package rationadmin administers keys, plans and tokens from a Go program that
// embeds Ration. People, and programs in other languages, use the ration command
// instead.
//
// Open a store, make its [Operations] with [New], and call their methods. While a
// program has an SQLite file open, no other process can open it. Package
// [adminsocket] lets the ration command administer such a file through the program.
//
// Each type says what its zero fields mean. Times are instants in whole microseconds;
// the zero time means "never" or "not known".
//
// [adminsocket]: https://pkg.go.dev/github.com/ration-dev/ration/rationadmin/adminsocket
package rationadmin

import (
	"errors"
)

// Config says how secrets are made and stored. Its Pepper must be that of the engine.
type Config struct {
	SecretPrefix string   // the beginning of new secrets; empty: [ration.DefaultSecretPrefix]
	Pepper       []byte   // server-side key with which secrets are hashed; see [ration.EngineConfig]. Empty: none
	Instance     Instance // what Operations.System says of this process
	ConsoleURL   string   // where people reach the console, such as "https://ration.example.com", for login links; empty: not known
	PickupURL    string   // a page that picks up keys, such as "https://api.example.com/portal/pickup", for links to it; empty: there is none
}

// Store is a store that sqlite.Open or postgres.Open returned. No other type
// implements it.
type Store interface {
	// Administration returns the operations on the store; see [New].
	Administration(config Config) Operations
}

// New returns the operations on a store from [sqlite.Open] or [postgres.Open]. They
// don't work any more once the store is closed, so close it last.
//
// [sqlite.Open]: https://pkg.go.dev/github.com/ration-dev/ration/sqlite#Open
// [postgres.Open]: https://pkg.go.dev/github.com/ration-dev/ration/postgres#Open
func New(store Store, config Config) Operations { return store.Administration(config) }

// ErrNoBackup says that the database has better means of its own for a backup.
var ErrNoBackup = errors.New("back this database up with its own tools, such as pg_dump")
