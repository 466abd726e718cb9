package turns

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrBusy says that there is no turn, and that none will come in time.
var ErrBusy = errors.New("too much is under way")

// Config says how many turns there are.
type Config struct {
	AtOnce  int           // turns that may be taken at once; 0: any number
	Waiting int           // how many may wait for one; 0: nobody
	Wait    time.Duration // for how long at most
}

// Who is somebody who takes a turn.
type Who struct {
	Keyless bool   // they have shown no key
	Line    string // in which they wait: that of their key or address
}

// Turns gives turns. It is safe for concurrent use.
type Turns struct {
	config Config

	mu      sync.Mutex
	taken   [2]int // of those who have shown a key, and of the keyless
	queues  [2]queue
	keyless bool // who is asked first when a turn comes free
}

// New returns Turns of which none is taken.
func New(config Config) *Turns { return &Turns{config: config} }

// Try takes a turn if there is one. Give it back with [Turns.Give].
func (t *Turns) Try(keyless bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	class := classOf(keyless)
	if !t.roomLocked(class) || t.queues[class].waiting > 0 {
		return false
	}
	t.taken[class]++
	return true
}

// Take takes a turn, and waits for it if it must. Its errors are [ErrBusy] and ctx's:
// then there is nothing to give back.
func (t *Turns) Take(ctx context.Context, who Who) error {
	if t.Try(who.Keyless) {
		return nil
	}
	w, err := t.enqueue(who)
	if err != nil {
		return err
	}
	timer := time.NewTimer(t.config.Wait)
	defer timer.Stop()
	select {
	case got := <-w.told:
		return got
	case <-ctx.Done():
		return t.withdraw(who, w, ctx.Err())
	case <-timer.C:
		return t.withdraw(who, w, ErrBusy)
	}
}

// Give gives a turn back, which somebody who waits gets then.
func (t *Turns) Give(keyless bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken[classOf(keyless)]--
	t.serveLocked()
}

// Waiting returns how many wait.
func (t *Turns) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queues[0].waiting + t.queues[1].waiting
}

func (t *Turns) enqueue(who Who) (*waiter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	class := classOf(who.Keyless)
	q := &t.queues[class]
	w := &waiter{told: make(chan error, 1)}
	if t.roomLocked(class) && q.waiting == 0 { // a turn came free meanwhile
		t.taken[class]++
		w.told <- nil
		return w, nil
	}
	full := t.queues[0].waiting+t.queues[1].waiting >= t.config.Waiting
	if full || who.Keyless && q.waiting >= halfOf(t.config.Waiting) {
		displaced := q.displace(who.Line)
		if displaced == nil {
			return nil, ErrBusy
		}
		displaced.told <- ErrBusy
	}
	q.push(who.Line, w)
	return w, nil
}

// withdraw ends the waiting for a reason, unless a turn has come at that moment: a
// turn that comes to somebody who has gone is given back.
func (t *Turns) withdraw(who Who, w *waiter, reason error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case err := <-w.told:
		if err == nil && !errors.Is(reason, ErrBusy) {
			t.taken[classOf(who.Keyless)]--
			t.serveLocked()
			return reason
		}
		return err
	default:
	}
	t.queues[classOf(who.Keyless)].remove(who.Line, w)
	return reason
}

// serveLocked gives turns to those who wait, as long as there are any: to one of
// each class in turn, where both may have one.
func (t *Turns) serveLocked() {
	for {
		class := classOf(t.keyless)
		if !t.canServeLocked(class) {
			class = 1 - class
		}
		if !t.canServeLocked(class) {
			return
		}
		t.keyless = class == classOf(false)
		t.taken[class]++
		t.queues[class].pop().told <- nil
	}
}

func (t *Turns) canServeLocked(class int) bool {
	return t.queues[class].waiting > 0 && t.roomLocked(class)
}

func (t *Turns) roomLocked(class int) bool {
	if t.config.AtOnce == 0 {
		return true
	}
	return t.taken[0]+t.taken[1] < t.config.AtOnce &&
		(class == classOf(false) || t.taken[class] < halfOf(t.config.AtOnce))
}

func classOf(keyless bool) int {
	if keyless {
		return 1
	}
	return 0
}

// halfOf is what the keyless have between them of n.
func halfOf(n int) int { return (n + 1) / 2 }
