package sqladmin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// DB is a database with Ration's tables. It is safe for concurrent use.
type DB interface {
	// Write runs change in a transaction and returns after it is flushed to disk. It
	// may run change again where the database gave the transaction up. Where change
	// returns an error, nothing was changed; [admin.ErrUnchanged] rolls back and makes
	// Write return nil.
	// Doing, such as "creating a token", says in errors what failed.
	//
	// Errors besides those of change: [ration.ErrStoreUnavailable] if nothing was
	// changed, [ration.ErrOutcomeUnknown] if the commit's answer was lost.
	Write(ctx context.Context, doing string, change func(context.Context, Tx) error) error

	// Read runs reads that see one state of the database, perhaps twice.
	// Error besides those of read: [ration.ErrStoreUnavailable].
	Read(ctx context.Context, doing string, read func(context.Context, Reader) error) error
}

// Reader reads within a transaction. It is for one goroutine.
type Reader interface {
	// Query calls each with the rows of a statement's result, one after the other. The
	// values of its parameters are of these types:
	//
	//	string, int64, bool, []byte, nil
	//	time.Time                    for a column that is never NULL; see [orNull]
	//	ration.PeriodID              the local date of a day
	//	ids and ration.Digest
	//	[]string                     as a column of several texts has it
	//	[]ration.KeyID               the list of "IN (?)"
	//	[Limit]                      of "LIMIT ?"
	Query(ctx context.Context, sql string, each func(Row), args ...any) error

	// Now returns the store's time. Read it after the lock.
	Now(ctx context.Context) (time.Time, error)

	// Usage returns what a key has used on its meters, in no order, read as
	// decisions read it; none for an unknown key.
	Usage(ctx context.Context, id ration.KeyID) (ledger.Usage, error)
}

// Tx is a transaction that may change something.
type Tx interface {
	Reader

	// LockKeys takes the locks that every writer of keys takes first. The ids are in
	// the order of [admin.LockOrder]. Error: [ration.ErrNotFound].
	LockKeys(ctx context.Context, ids []ration.KeyID) error

	// LockPlan takes turns with others that change the plan; charges don't wait for
	// it. It may leave an unknown plan to be found out by who reads it.
	// Error: [ration.ErrNotFound].
	LockPlan(ctx context.Context, name string) error

	// Run runs the statements of a batch in their order, up to the first that fails,
	// in one round trip where there are round trips.
	Run(ctx context.Context, batch *Batch) error
}

// Row is a row of a result. Each method reads the next column, from left to right.
// The first column that is not of the form wanted ends the query with an error.
type Row interface {
	ID() [16]byte
	Digest() ration.Digest
	Text() string          // NULL is ""
	Int() int64            // NULL is 0
	Bool() bool            // NULL is false
	Time() time.Time       // NULL is the zero time
	Date() ration.PeriodID // of a day
	Texts() []string       // of a column that has several; nil: none
	JSON() []byte          // the text of a value that is not NULL

	// Fail ends the query with an error, unless there is one already. Nil does nothing.
	Fail(err error)
}

// Limit is the most rows that a query returns: a value for "LIMIT ?". It is a type
// of its own so that a database can plan for it.
type Limit int

// LimitOr returns a limit, a default for none.
func LimitOr(limit, otherwise int) Limit {
	if limit <= 0 {
		limit = otherwise
	}
	return Limit(limit)
}

// Store keeps what administration keeps in a database. It is safe for concurrent
// use. Its methods are those of [admin.Keys], [admin.Plans], [admin.Tokens] without
// the checks of tokens, [admin.AuditLog], and what reads of [admin.Usage].
type Store struct{ db DB }

// New makes a store on a database.
func New(db DB) *Store { return &Store{db} }
