package sqladmin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// DB is a database with Ration's tables. It is safe for concurrent use.
type DB interface {
	// Write runs change in a transaction, and returns after it is flushed to disk. It
	// may run change again if the database gives the transaction up. If change
	// returns an error, nothing is changed. With [admin.ErrUnchanged] the transaction
	// is rolled back, and Write returns nil. Doing, such as "creating a token", says
	// in errors what failed.
	//
	// Errors besides those of change: [ration.ErrStoreUnavailable] if nothing was
	// changed; [ration.ErrOutcomeUnknown] if the answer to the COMMIT was lost.
	Write(ctx context.Context, doing string, change func(context.Context, Tx) error) error

	// Read runs read, perhaps twice. All that it reads is one state of the database.
	// Error besides those of read: [ration.ErrStoreUnavailable].
	Read(ctx context.Context, doing string, read func(context.Context, Reader) error) error
}

// Reader reads within a transaction. Only one goroutine may use it.
type Reader interface {
	// Query calls each with the rows of a statement's result, one after the other.
	// Values of parameters have one of these types:
	//
	//	string, int64, bool, []byte, nil
	//	time.Time                    for a column that is never NULL; see [orNull]
	//	ration.PeriodID              the local date of a day
	//	ids and ration.Digest
	//	[]string                     as a column of several texts has it
	//	[]ration.KeyID               the list of each "IN (?)"; it is the first value
	//	[Limit]                      of "LIMIT ?"
	Query(ctx context.Context, sql string, each func(Row), args ...any) error

	// MonthOf is an expression for the first date of the month of a column's date. It
	// is read as a date.
	MonthOf(column string) string

	// Bytewise is an expression for a text that is compared and sorted by its bytes.
	Bytewise(column string) string

	// InOrder has all that is read after it read by the order of an index, and not sorted:
	// an estimate could be wrong, and a limit then saves nothing.
	InOrder(ctx context.Context) error

	// Description is a query for one row: the kind of database, its version, the version
	// of its schema, and its size in bytes.
	Description() string

	// Now returns the store's time. Call it after the locks are taken.
	Now(ctx context.Context) (time.Time, error)

	// Usage returns what each key has used on its meters, in no particular order, as
	// decisions read it. An unknown key has no usage.
	Usage(ctx context.Context, ids []ration.KeyID) (map[ration.KeyID]ledger.Usage, error)
}

// Tx is a transaction that may change something.
type Tx interface {
	Reader

	// LockKeys takes the locks that every writer of keys takes first. The ids must be
	// in the order of [admin.LockOrder]. Error: [ration.ErrNotFound].
	LockKeys(ctx context.Context, ids []ration.KeyID) error

	// LockPlan takes the lock of everybody who changes the plan; charges don't wait
	// for it. For an unknown plan its error is [ration.ErrNotFound], or it succeeds,
	// and reading the plan fails.
	LockPlan(ctx context.Context, name string) error

	// LockMeter keeps the unit of a meter from being changed until the transaction
	// ends, or, exclusively, everything from beginning to count on it.
	LockMeter(ctx context.Context, meter string, exclusively bool) error

	// LockJobs keeps others from creating jobs until the transaction ends.
	LockJobs(ctx context.Context) error

	// LockSessions keeps others from beginning sessions until the transaction ends.
	LockSessions(ctx context.Context) error

	// LockRequests keeps others from asking for keys until the transaction ends.
	LockRequests(ctx context.Context) error

	// Run runs the statements of a batch in order, up to the first that fails. If
	// there are round trips, it takes one.
	Run(ctx context.Context, batch *Batch) error
}

// Row is a row of a result. Each method reads the next column, from left to right.
// The first column that does not have the expected form ends the query with an error.
type Row interface {
	ID() [16]byte
	OptionalID() [16]byte // NULL is the zero id
	Digest() ration.Digest
	Bytes() []byte         // a copy
	Text() string          // NULL is ""
	Int() int64            // NULL is 0
	Bool() bool            // NULL is false
	Time() time.Time       // NULL is the zero time
	Date() ration.PeriodID // the local date of a day
	Texts() []string       // of a column with several texts; nil: none
	JSON() []byte          // a copy of the text of a value, which must not be NULL

	// Fail ends the query with an error, unless there is one already. Nil does nothing.
	Fail(err error)
}

// Limit is the most rows that a query returns: a value for "LIMIT ?". It has its own
// type so that a database can plan for it.
type Limit int

// LimitOr returns limit, or otherwise if limit is 0.
func LimitOr(limit, otherwise int) Limit {
	if limit <= 0 {
		limit = otherwise
	}
	return Limit(limit)
}

// Store is the storage of administration in a database. It is safe for concurrent use.
// It has the methods of [admin.Keys], [admin.KeyRequests], [admin.Plans] and [admin.AuditLog], those of
// [admin.Tokens] except for the check of tokens, and the reading ones of [admin.Usage].
type Store struct{ db DB }

// New makes a store on a database.
func New(db DB) *Store { return &Store{db} }
