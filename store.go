package ration

import "context"

// Store is what an [Engine] needs of a database. The packages sqlite and
// postgres have one each; package storetest, internal too, is the contract as a test suite.
// All methods are safe for concurrent use.
type Store interface {
	// ResolveDigests returns the owner of each digest, in their order; the zero
	// SecretRef for an unknown one. A digest never changes hands, so any other answer
	// may be cached. Charge decides whether the secret is still valid.
	ResolveDigests(ctx context.Context, digests []Digest) ([]SecretRef, error)

	// Charge decides the batch's items with ledger.Account.Decide, in order, in one
	// transaction that holds the lock of every key, with the store's clock read
	// after the locks, and returns the decisions after the transaction is
	// committed and flushed to disk. Where nothing was changed (dry runs) no
	// commit is needed. An unknown key gets CodeKeyUnknown. An item that got
	// CodeClockSuspect, or CodeStoreUnavailable because its key's lock could not
	// be had, was not decided and changed nothing.
	//
	// What an item refers to of earlier ones is read under the key's lock and given
	// to ledger.Account.TakePrior; what the accounts leave is written in the same
	// transaction. Where an account needs it, the key's open reservations that are
	// due are read, and its items decided again by ledger.Account.AfterExpiry.
	//
	// Two batches of one key may not be under way at once in one engine; other
	// instances' may. The context ends when nobody waits for the batch any more;
	// until then the store retries what can be retried. It never cancels a
	// transaction that was sent: a store has deadlines of its own.
	//
	// Errors, by errors.Is: ErrStoreUnavailable if nothing was charged and later
	// it might work; ErrOutcomeUnknown if the transaction may have been
	// committed. With any other error nothing was charged, and the engine
	// sends the batch again in halves, to find the item that breaks it.
	Charge(ctx context.Context, batch Batch) ([]Decision, error)

	// Reservations returns the reservations that match, as they were committed.
	Reservations(ctx context.Context, filter ReservationFilter) ([]Reservation, error)

	// Ready returns nil if charges can be committed now, else why not.
	Ready(ctx context.Context) error

	// Lanes returns how many batches may usefully be under way at once, at least 1.
	Lanes() int

	// Close ends all work. Charges under way get an answer first.
	Close() error
}

// ReservationFilter selects reservations; zero fields select all.
type ReservationFilter struct {
	ID    ReservationID
	KeyID KeyID
	Open  bool // those that are open
	Due   bool // those that are open and whose expiry has passed by the store's clock, the earliest first
	Limit int  // most returned; 0: 1,000
}
