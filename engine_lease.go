package ration

import "context"

// Release ends the lease of a charge that was InFlight, so that its slots are free
// again, and returns after that is durable. It may be called again. After an error the
// engine goes on trying; should it never succeed, the lease expires by itself. Its
// errors are those of Charge.
func (e *Engine) Release(ctx context.Context, lease Lease) error {
	if lease.ID.IsZero() {
		return &InvalidError{Field: "lease", Reason: "there is nothing to release"}
	}
	e.leases.ending(lease)
	err := e.changeLeases(ctx, lease.KeyID, &Leases{Leases: []Lease{lease}})
	if err == nil {
		e.leases.forget([]Lease{lease})
	}
	return err
}

// releaseUnclaimed ends the lease of a charge whose caller has gone before it learnt of
// the lease.
func (e *Engine) releaseUnclaimed(_ Item, decision Decision) {
	if decision.Lease != nil {
		go func() { _ = e.Release(context.Background(), *decision.Lease) }() // see Release
	}
}

// changeLeases renews or ends leases of one key.
func (e *Engine) changeLeases(ctx context.Context, key KeyID, change *Leases) error {
	_, err := e.decide(ctx, Item{KeyID: key, Leases: change})
	return err
}
