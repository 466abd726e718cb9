package ration

import "context"

// Store is what an [Engine] needs of a database. The packages sqlite and postgres
// have one each. The contract of a store refers to types of the internal package
// ledger, and the internal package storetest tests it. All methods are safe for
// concurrent use.
type Store interface {
	// ResolveDigests returns the owner of each digest, in the order of the digests,
	// and the zero SecretRef for an unknown one. A digest never changes hands, so the
	// owner of a known one may be cached. Charge decides whether the secret is still
	// valid.
	ResolveDigests(ctx context.Context, digests []Digest) ([]SecretRef, error)

	// Charge decides the batch's items in order, with ledger.Account.Decide, in one
	// transaction. The transaction holds the lock of every key, and reads the store's
	// clock after it has the locks. Charge returns the decisions after the
	// transaction is committed and flushed to disk. If nothing was changed (dry
	// runs), no commit is needed. An unknown key gets CodeKeyUnknown.
	// CodeClockSuspect, CodeTokenInvalid, and CodeStoreUnavailable if the lock of an
	// item's key could not be had, mean that the item was not decided and changed nothing.
	//
	// If items have Tokens, the store reads them after it has the locks, and asks
	// ledger.Tokens about each item before its account.
	//
	// If an item refers to earlier charges, the store reads them under the key's lock
	// and passes them to ledger.Account.TakePrior. It writes the changes that the
	// accounts report in the same transaction. If an account asks for it, the store
	// reads the key's open reservations, and decides its items again with
	// ledger.Account.WithOpen.
	//
	// One engine never has two batches of one key under way at once, but other
	// instances may have batches of the same key. The context ends when nobody waits
	// for the batch any more. Until then the store retries what can be retried. The
	// context never cancels a transaction that was sent: a store has deadlines of its
	// own.
	//
	// Errors, by errors.Is: ErrStoreUnavailable if nothing was charged and it may
	// work later; ErrOutcomeUnknown if the transaction may have been committed. Any
	// other error means that nothing was charged. The engine then sends the batch
	// again in halves, to find the item that breaks it.
	Charge(ctx context.Context, batch Batch) ([]Decision, error)

	// Reservations returns the reservations that match, as they were committed.
	Reservations(ctx context.Context, filter ReservationFilter) ([]Reservation, error)

	// Ready returns nil if charges can be committed now. Otherwise its error says why
	// not.
	Ready(ctx context.Context) error

	// Lanes returns how many batches should be under way at once, at least 1.
	Lanes() int

	// Close ends all work. Charges under way get an answer first.
	Close() error
}

// ReservationFilter selects reservations. A zero field does not restrict the
// selection.
type ReservationFilter struct {
	ID    ReservationID
	KeyID KeyID
	Open  bool // only open ones
	Due   bool // only those that are due by the store's clock (open, with their expiry in the past), the earliest first
	Limit int  // most returned; 0: 1,000
}
