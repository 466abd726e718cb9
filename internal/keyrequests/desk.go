package keyrequests

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bucket"
	"github.com/ration-dev/ration/internal/failures"
	"github.com/ration-dev/ration/internal/turns"
	"github.com/ration-dev/ration/rationadmin"
)

// What strangers may do, on each instance. Besides, the store bounds how many requests wait
// for a decision, on all instances together.
var (
	// asksOfAClient is one request in ten minutes, after five at once.
	asksOfAClient = bucket.Rate{PerSecond: 1.0 / 600, Burst: 5}
	// asksInAll is one request in ten seconds, after a hundred at once.
	asksInAll = bucket.Rate{PerSecond: 0.1, Burst: 100}
	// guessesOfAClient and guessesInAll bound looks for codes that no link has.
	guessesOfAClient = bucket.Rate{PerSecond: 0.1, Burst: 20}
	guessesInAll     = bucket.Rate{PerSecond: 20, Burst: 200}
)

const (
	// clients is how many clients that have asked lately are remembered.
	clients = 1 << 16

	// callsAtOnce is how many read or write at once, so that charges keep most of the
	// database.
	callsAtOnce  = 4
	callsWaiting = 256
	callsWait    = 2 * time.Second

	// whenDecided is when it may be worth asking again while too many requests wait.
	whenDecided = time.Hour
)

// ErrOff says that nobody can ask for a key here. Links can be used nevertheless.
var ErrOff = errors.New("keys can't be asked for here")

// BusyError says that a client has to wait, for its own doing or because of others.
type BusyError struct {
	RetryAfter time.Duration
	Own        bool // the client has asked too often
}

// Error implements error.
func (e *BusyError) Error() string {
	return fmt.Sprintf("too much is asked; again in %s", e.RetryAfter)
}

// Operations are those of [admin.Service].
type Operations interface {
	// AskForKey keeps a request for a key.
	AskForKey(ctx context.Context, asking admin.KeyAsking) (admin.AskedKey, error)
	// KeyRequestState says what has become of a request.
	KeyRequestState(ctx context.Context, code ration.Secret) (admin.PickupState, error)
	// PickUp makes the secret that a link is for.
	PickUp(ctx context.Context, code ration.Secret) (admin.IssuedSecret, error)
}

// Desk is asked by people whom nobody knows. All that have one share its bounds. It is safe
// for concurrent use.
type Desk struct {
	of      func() (Operations, error)
	open    bool
	turns   *turns.Turns
	guesses *failures.Budget

	mu    sync.Mutex
	all   bucket.Bucket
	asked *bucket.Table[struct{}]
}

// NewDesk returns a desk. Of returns the operations, or an error while there are none. If
// the desk is not open, nobody can ask for a key.
func NewDesk(of func() (Operations, error), open bool) *Desk {
	return &Desk{
		of: of, open: open,
		turns:   turns.New(turns.Config{AtOnce: callsAtOnce, Waiting: callsWaiting, Wait: callsWait}),
		guesses: failures.New(failures.Config{PerAddress: guessesOfAClient, InAll: guessesInAll, Addresses: clients}),
		asked:   bucket.NewTable(asksOfAClient, clients, func(*struct{}) bool { return false }),
	}
}

// Open reports whether keys can be asked for.
func (d *Desk) Open() bool { return d.open }

// Ask keeps a request for a key, which comes from an address. Errors besides those of the
// operation: [ErrOff], and a [*BusyError].
func (d *Desk) Ask(ctx context.Context, from netip.Addr, asking admin.KeyAsking) (asked admin.AskedKey, err error) {
	if !d.open {
		return asked, ErrOff
	}
	if err := d.spend(from); err != nil {
		return asked, err
	}
	err = d.inTurn(ctx, from, func(ctx context.Context, operations Operations) error {
		asked, err = operations.AskForKey(ctx, asking)
		return err
	})
	if _, invalid := errors.AsType[*ration.InvalidError](err); invalid {
		d.giveBack(from) // whoever mends a mistake has not asked yet
	}
	if errors.Is(err, admin.ErrTooManyRequests) {
		return asked, &BusyError{RetryAfter: whenDecided}
	}
	return asked, err
}

// State says what has become of the request, or the link, that has a code. Errors besides
// those of the operation: a [*BusyError].
func (d *Desk) State(ctx context.Context, from netip.Addr, code ration.Secret) (state admin.PickupState, err error) {
	err = d.look(ctx, from, func(ctx context.Context, operations Operations) error {
		state, err = operations.KeyRequestState(ctx, code)
		return err
	})
	return state, err
}

// PickUp returns the secret of the link that has a code, once. Its errors are those of
// State, and a [*admin.PickupError].
func (d *Desk) PickUp(ctx context.Context, from netip.Addr, code ration.Secret) (issued admin.IssuedSecret, err error) {
	err = d.look(ctx, from, func(ctx context.Context, operations Operations) error {
		issued, err = operations.PickUp(ctx, code)
		return err
	})
	return issued, err
}

// look does what needs a code, which may be a guess.
func (d *Desk) look(ctx context.Context, from netip.Addr, do func(context.Context, Operations) error) error {
	try, retry, err := d.guesses.Begin(ctx, from)
	switch {
	case err != nil:
		return err
	case retry > 0:
		return &BusyError{RetryAfter: retry, Own: true}
	}
	err = d.inTurn(ctx, from, do)
	if errors.Is(err, ration.ErrNotFound) {
		try.FoundNothing()
	} else {
		try.Found()
	}
	return err
}

// inTurn does something on the database, which the audit log says comes from an address.
func (d *Desk) inTurn(ctx context.Context, from netip.Addr, do func(context.Context, Operations) error) error {
	operations, err := d.of()
	if err != nil {
		return err
	}
	who := turns.Who{Keyless: true, Line: bucket.Client(from).String()}
	switch err := d.turns.Take(ctx, who); {
	case errors.Is(err, turns.ErrBusy):
		return &BusyError{RetryAfter: time.Second}
	case err != nil:
		return err
	}
	defer d.turns.Give(who.Keyless)
	if from.IsValid() {
		ctx = rationadmin.WithOrigin(ctx, rationadmin.Origin{From: from.String()})
	}
	return do(ctx, operations)
}

// spend takes a request from what a client, and all together, may ask for.
func (d *Desk) spend(from netip.Addr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	entry := d.asked.Get(bucket.Client(from), now)
	if entry == nil { // more clients have asked lately than can be remembered
		return &BusyError{RetryAfter: time.Minute}
	}
	if wait := entry.Bucket.Wait(asksOfAClient, now, 1); wait > 0 {
		return &BusyError{RetryAfter: wait, Own: true}
	}
	if wait := d.all.Wait(asksInAll, now, 1); wait > 0 {
		d.asked.Forget(bucket.Client(from), now)
		return &BusyError{RetryAfter: wait}
	}
	entry.Bucket.Take(asksOfAClient, now, 1)
	d.all.Take(asksInAll, now, 1)
	return nil
}

func (d *Desk) giveBack(from netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if entry := d.asked.Get(bucket.Client(from), now); entry != nil {
		entry.Bucket.Take(asksOfAClient, now, -1)
		d.asked.Forget(bucket.Client(from), now)
	}
	d.all.Take(asksInAll, now, -1)
}
