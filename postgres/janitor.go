package postgres

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	purgeEvery    = 10 * time.Second
	purgeOldEvery = time.Minute
	fenceEvery    = 500 * time.Millisecond
	tablesEvery   = 2 * time.Second
	finishWithin  = time.Second
	mostPerPurge  = 2000
	mostFinished  = 200_000 // ids remembered; beyond that their rows go by age
)

// purgeSQL deletes batches whose outcome is known. Their pairs are joined, for
// two lists of ids would make PostgreSQL look for every combination.
const purgeSQL = `
DELETE FROM charge_batches c
USING unnest($1::uuid[], $2::uuid[]) AS d (api_key_id, id)
WHERE c.api_key_id = d.api_key_id AND c.id = d.id`

// purgeOldSQL deletes what instances that crashed have left behind.
const purgeOldSQL = `DELETE FROM charge_batches WHERE created_at < clock_timestamp() - make_interval(secs => $1)`

// janitor deletes the ids of batches that are over and fences off those that
// were abandoned, on a connection of its own and off the decisions' path. It also
// looks at the tables.
type janitor struct {
	store *Store
	wake  chan struct{}

	mu       sync.Mutex
	finished []batchRef
	fences   []batchRef // may have been committed, and nobody waits for them
}

func newJanitor(store *Store) *janitor {
	return &janitor{store: store, wake: make(chan struct{}, 1)}
}

// purge takes over the id of a batch whose outcome is known.
func (j *janitor) purge(ref batchRef) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.finished) < mostFinished {
		j.finished = append(j.finished, ref)
	}
}

// fence takes over a batch that was abandoned.
func (j *janitor) fence(ref batchRef) {
	j.mu.Lock()
	j.fences = append(j.fences, ref)
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends, and then once more.
func (j *janitor) run(ctx context.Context) {
	l := newLane(j.store)
	defer l.drop()
	purge, purgeOld, fences := time.NewTicker(purgeEvery), time.NewTicker(purgeOldEvery), time.NewTicker(fenceEvery)
	tables := time.NewTicker(tablesEvery)
	defer tables.Stop()
	kept := newPurgesOfKept(&j.store.config)
	defer purge.Stop()
	defer purgeOld.Stop()
	defer fences.Stop()
	defer kept.timer.Stop()
	for {
		select {
		case <-ctx.Done():
			j.finish(ctx, l)
			return
		case <-j.wake:
			j.raiseFences(ctx, l)
		case <-fences.C:
			j.raiseFences(ctx, l)
		case <-tables.C:
			j.store.watchTables(ctx, l)
		case <-purge.C:
			if j.store.refuseAltered() == nil {
				j.purgeFinished(ctx, l)
			}
		case <-purgeOld.C:
			if j.store.refuseAltered() == nil {
				j.purgeOld(ctx, l)
			}
		case <-kept.timer.C:
			if j.store.refuseAltered() == nil {
				kept.next(ctx, l)
			} else {
				kept.timer.Reset(purgeKeptEvery)
			}
		}
	}
}

// finish does what can be done at once when the store closes.
func (j *janitor) finish(ctx context.Context, l *lane) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	j.raiseFences(ctx, l)
	j.purgeFinished(ctx, l)
}

// raiseFences tries to settle each abandoned batch and keeps those that it can't yet.
func (j *janitor) raiseFences(ctx context.Context, l *lane) {
	j.mu.Lock()
	fences := j.fences
	j.fences = nil
	j.mu.Unlock()
	for _, ref := range fences {
		if l.fence(ctx, ref) == nil {
			j.purge(ref)
			continue
		}
		j.mu.Lock()
		j.fences = append(j.fences, ref)
		j.mu.Unlock()
	}
}

// purgeFinished deletes ids. It forgets those that it can't delete: they go by age.
func (j *janitor) purgeFinished(ctx context.Context, l *lane) {
	j.mu.Lock()
	finished := j.finished
	j.finished = nil
	j.mu.Unlock()
	for part := range slices.Chunk(finished, mostPerPurge) {
		start, deleted := time.Now(), int64(len(part))
		err := l.purge(ctx, part)
		if err != nil {
			deleted = 0
		}
		l.store.observePurge("charge_batches", start, deleted, err)
		if err != nil {
			return
		}
	}
}

func (j *janitor) purgeOld(ctx context.Context, l *lane) {
	_ = l.runSingle(ctx, stmtPurgeOld, float64Param(purgeAfter.Seconds()))
}

func (l *lane) purge(ctx context.Context, refs []batchRef) error {
	keys, ids := newUUIDs(), newUUIDs()
	for _, ref := range refs {
		keys.addUUID(ref.key)
		ids.addUUID(ref.id)
	}
	return l.runSingle(ctx, stmtPurge, keys.param(), ids.param())
}

// fence inserts a batch's id. If that passes, no attempt can be committed any
// more; if the id is there, one was. Either way the matter is settled.
func (l *lane) fence(ctx context.Context, ref batchRef) error {
	err := l.runSingle(ctx, stmtBatchID, ref.key[:], ref.id[:])
	if isCharged(err) {
		return nil
	}
	return err
}
