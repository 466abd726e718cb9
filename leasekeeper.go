package ration

import (
	"context"
	"sync"
	"time"
)

const (
	// leaseParts is in how many parts a lease's length is divided: it is renewed after
	// two of them, and then tried again after each.
	leaseParts = 6
	renewAfter = 2
	// renewAtOnce is how many keys' leases are renewed at once, so that one transaction
	// takes many, and charges still find room in the queue.
	renewAtOnce = 512
	// mostPerRenewal is how many leases of a key one item renews.
	mostPerRenewal = 1000
)

// leaseKeeper renews the leases that an engine has granted, and ends those whose
// release has failed. It has a goroutine only while there are any.
type leaseKeeper struct {
	engine *Engine
	ttl    time.Duration

	mu      sync.Mutex
	kept    map[ReservationID]*keptLease
	running bool
	closed  bool
	stop    chan struct{} // closed by close
}

type keptLease struct {
	Lease
	renewed time.Time // by the instance's monotonic clock
	ending  bool      // it is to be ended, and not renewed
}

func (k *leaseKeeper) init(engine *Engine, ttl time.Duration) {
	k.engine, k.ttl, k.kept, k.stop = engine, ttl, make(map[ReservationID]*keptLease), make(chan struct{})
}

// keep renews a lease from now on.
func (k *leaseKeeper) keep(lease Lease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.addLocked(&keptLease{Lease: lease, renewed: time.Now()})
}

func (k *leaseKeeper) addLocked(lease *keptLease) {
	if k.closed {
		return
	}
	k.kept[lease.ID] = lease
	if !k.running {
		k.running = true
		go k.run()
	}
}

// ending renews a lease no more, and ends it until it is forgotten.
func (k *leaseKeeper) ending(lease Lease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if kept := k.kept[lease.ID]; kept != nil {
		kept.ending = true
		return
	}
	k.addLocked(&keptLease{Lease: lease, renewed: time.Now(), ending: true})
}

// forget forgets leases that have ended.
func (k *leaseKeeper) forget(leases []Lease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range leases {
		delete(k.kept, leases[i].ID)
	}
}

// run looks after the leases until there are none.
func (k *leaseKeeper) run() {
	ticker := time.NewTicker(k.ttl / leaseParts)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-k.stop:
			return
		}
		if !k.tend(time.Now()) {
			return
		}
	}
}

// tend renews and ends what it is time for. It reports whether there is anything left
// to look after.
func (k *leaseKeeper) tend(now time.Time) bool {
	work, left := k.due(now)
	if !left {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.ttl/leaseParts*renewAfter)
	defer cancel()
	k.send(ctx, work)
	return true
}

// leaseWork is leases of one key of which the same becomes.
type leaseWork struct {
	key    KeyID
	ends   bool
	leases []Lease
}

// due returns what is to be done, and whether there are any leases.
func (k *leaseKeeper) due(now time.Time) (work []leaseWork, left bool) {
	type which struct {
		key  KeyID
		ends bool
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	at := make(map[which]int)
	for id, lease := range k.kept {
		age := now.Sub(lease.renewed)
		switch {
		case lease.ending && age >= k.ttl: // it has expired
			delete(k.kept, id)
			continue
		case !lease.ending && age < k.ttl/leaseParts*renewAfter:
			continue
		}
		w := which{lease.KeyID, lease.ending}
		i, found := at[w]
		if !found || len(work[i].leases) == mostPerRenewal {
			i = len(work)
			at[w], work = i, append(work, leaseWork{key: w.key, ends: w.ends})
		}
		work[i].leases = append(work[i].leases, lease.Lease)
	}
	k.running = len(k.kept) > 0
	return work, k.running
}

// send does the work, as much at once as is good.
func (k *leaseKeeper) send(ctx context.Context, work []leaseWork) {
	next := make(chan *leaseWork)
	var workers sync.WaitGroup
	for range min(len(work), renewAtOnce) {
		workers.Go(func() {
			for w := range next {
				k.change(ctx, w)
			}
		})
	}
	for i := range work {
		next <- &work[i]
	}
	close(next)
	workers.Wait()
}

// change does one piece of work. After an error the next round tries again.
func (k *leaseKeeper) change(ctx context.Context, w *leaseWork) {
	change := &Leases{Leases: w.leases, TTL: k.ttl}
	if w.ends {
		change.TTL = 0
	} else if change.Leases = k.stillOpen(w.leases); len(change.Leases) == 0 {
		return
	}
	sent := time.Now()
	if k.engine.changeLeases(ctx, w.key, change) != nil {
		return
	}
	if w.ends {
		k.forget(w.leases)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range w.leases {
		if lease := k.kept[w.leases[i].ID]; lease != nil {
			lease.renewed = sent
		}
	}
}

// stillOpen leaves out the leases that have ended since the round began.
func (k *leaseKeeper) stillOpen(leases []Lease) []Lease {
	k.mu.Lock()
	defer k.mu.Unlock()
	open := leases[:0:0]
	for i := range leases {
		if lease := k.kept[leases[i].ID]; lease != nil && !lease.ending {
			open = append(open, leases[i])
		}
	}
	return open
}

// close ends all leases. Those that it can't end expire by themselves.
func (k *leaseKeeper) close(ctx context.Context) {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return
	}
	k.closed = true
	close(k.stop)
	for _, lease := range k.kept {
		lease.ending = true
	}
	k.mu.Unlock()
	work, _ := k.due(time.Now())
	k.send(ctx, work)
}
