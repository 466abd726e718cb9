package postgres

import (
	"errors"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/pgcommit"
)

// stage is how far an attempt came.
type stage int

const (
	stageConnect stage = iota // nothing was sent
	stageBegin                // before the batch's id was inserted: nothing is known of earlier attempts
	stageBatchID              // while it was inserted
	stageLock                 // it was inserted, so all earlier attempts are dead
	stageLoad
	stageWrite  // COMMIT was sent behind the writes, which failed, so that it was not run
	stageCommit // instead of COMMIT's answer
)

// fault is why an attempt ended without an answer.
type fault struct {
	stage   stage
	err     error
	unknown bool // it may have been committed
	warned  bool // it was committed, but not as safely as it must be
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// timedOut reports whether waiting for a key took too long.
func (f *fault) timedOut() bool {
	state := sqlState(f.err)
	return f.stage == stageLock && (state == stateLockTimeout || state == stateCancelled)
}

// attempt runs a batch as one transaction, at first by what is remembered of its keys,
// if that is enough. With a fault that is unknown it also returns what was decided, which
// holds if the batch's id turns out committed.
func (l *lane) attempt(b *work) (decisions []ration.Decision, f *fault) {
	if b.isNew() && l.store.memory.take(b, l.store.config.InstanceClock()) && l.mayRemember(b) && mayRecall(l.store) {
		decisions, f = l.run(b, l.transactRemembered)
		l.store.memory.count(f == nil)
		if f == nil || !errors.Is(f.err, errChanged) || !l.isUsable() {
			return decisions, f
		}
		l.store.memory.forgetClock()
	}
	return l.run(b, l.transact)
}

// Tests have batches take the way of others although they are remembered, and then hold
// what is remembered against what was read.
var (
	mayRecall = func(*Store) bool { return true }
	recalled  = func(*work) {}
)

// mayRemember reports whether the server is still the one that something is remembered of,
// as far as is known without asking. In one round trip, COMMIT is sent with all else: on a
// connection that has ended meanwhile, nobody would know whether it was run.
func (l *lane) mayRemember(b *work) bool {
	return l.store.lineage.stillHas(b.recalled) && isQuiet(l.conn.pg.Conn())
}

// isUsable reports whether the connection is there after a fault.
func (l *lane) isUsable() bool { return l.conn != nil && !l.conn.pg.IsClosed() }

// run runs a batch as one transaction, and remembers its keys if it was committed.
func (l *lane) run(b *work, transact func(pipeline, *work) ([]ration.Decision, *fault)) ([]ration.Decision, *fault) {
	b.reset()
	p := l.conn.begin()
	ended := false
	defer func() {
		if !ended { // by a panic: no lock may outlive it
			l.drop()
		}
	}()
	decisions, f := transact(p, b)
	ended = true
	if f != nil {
		l.end(p, f.err)
		return decisions, f
	}
	b.noteKept()
	l.store.memory.put(b, l.conn.told, b.clock)
	l.end(p, nil)
	return decisions, nil
}

func (l *lane) transact(p pipeline, b *work) ([]ration.Decision, *fault) {
	read, f := l.lockAndLoad(p, b)
	if f != nil {
		return nil, f
	}
	if !b.inTime(read.serverNow) {
		return nil, &fault{stage: stageLoad, err: errTooLate}
	}
	if b.moveOn() {
		return nil, &fault{stage: stageLoad, err: errMovedOn}
	}
	b.clock = estimate{now: read.now, serverNow: read.serverNow, at: l.store.config.InstanceClock()}
	b.transaction = read.transaction
	clock := ledger.Clock{Now: read.now, Suspect: l.store.suspects(read.now)}
	if err := b.open(read, clock); err != nil {
		return nil, &fault{stage: stageLoad, err: err}
	}
	recalled(b)
	if b.namesNewMeters() {
		if err := l.lockMeters(p, b); err != nil {
			return nil, &fault{stage: stageLoad, err: err}
		}
	}
	decisions := b.decide(clock)
	if b.shortOfReserved() {
		if err := l.reopen(p, b, read, clock); err != nil {
			return nil, &fault{stage: stageLoad, err: err}
		}
		decisions = b.decide(clock)
	}
	l.writes.collect(b)
	if l.writes.empty() {
		return decisions, nil
	}
	return decisions, l.writeAndCommit(p, clock.Now)
}

// lockAndLoad is the first round trip.
func (l *lane) lockAndLoad(p pipeline, b *work) (*loaded, *fault) {
	l.ask(p, b)
	if err := p.sync(); err != nil {
		return nil, &fault{stage: stageBegin, err: err}
	}
	if _, err := p.run(); err != nil {
		return nil, &fault{stage: stageBegin, err: err}
	}
	if err := p.readSettings(); err != nil {
		return nil, &fault{stage: stageBegin, err: err}
	}
	if !b.dryRun {
		if _, err := p.run(); err != nil {
			return nil, &fault{stage: stageBatchID, err: err}
		}
	}
	if err := l.readLocks(p, b); err != nil {
		return nil, &fault{stage: stageLock, err: err}
	}
	read := &loaded{plans: make(map[string]*ration.Plan), planRows: make(map[string][]xid), planVersions: make(map[string]string)}
	err := p.read(func(r *row) { read.read(r, b) })
	if err == nil && l.meterKeys.length > 0 {
		err = p.read(b.takeUsage)
	}
	if err == nil && l.named.length > 0 {
		err = p.read(b.takeUnit)
	}
	if err == nil && len(b.tokens.Digests()) > 0 {
		err = p.read(func(r *row) { b.tokens.Take(ration.Digest(r.digest()), r.time(), r.time(), read.now) })
	}
	if err == nil && b.refers {
		err = l.readReadings(p, b)
	}
	if err == nil {
		err = p.synced()
	}
	if err != nil {
		return nil, &fault{stage: stageLoad, err: err}
	}
	return read, nil
}

func (l *lane) readLocks(p pipeline, b *work) error {
	for range l.locks() {
		if err := p.read(b.takeUsage); err != nil {
			return err
		}
	}
	if l.stuck.length > 0 {
		return p.read(b.takeHolder)
	}
	return nil
}

// ask queues the statements of the first round trip.
func (l *lane) ask(p pipeline, b *work) {
	l.fill(b)
	p.begin()
	if !b.dryRun {
		p.send(stmtBatchID, b.keys[0].id[:], b.id[:])
	}
	for _, lock := range l.locks() {
		p.send(lock.statement, lock.keys.param())
	}
	if l.stuck.length > 0 {
		p.send(stmtHolders, l.stuck.param())
	}
	p.send(stmtLoad, l.keys.param(), l.sent[0].param(), l.sent[1].param())
	if l.meterKeys.length > 0 {
		p.send(stmtMeters, l.meterKeys.param(), l.meters.param())
	}
	if l.named.length > 0 {
		p.send(stmtUnits, l.named.param())
	}
	if tokens := b.tokens.Digests(); len(tokens) > 0 {
		p.send(stmtValidity, digestsParam(tokens))
	}
	if b.refers {
		l.fillReadings(b)
		l.askReadings(p)
	}
}

// fill sets the parameters of the first round trip.
func (l *lane) fill(b *work) {
	for _, a := range []*array{&l.keys, &l.free, &l.stuck, &l.meterKeys, &l.meters, &l.named, &l.sent[0], &l.sent[1]} {
		a.reset()
	}
	for i := range b.keys {
		k := &b.keys[i]
		l.keys.addUUID(k.id)
		if k.stuckOn != 0 {
			l.stuck.addUUID(k.id)
		} else {
			l.free.addUUID(k.id)
		}
		if k.meters && (k.prior == nil || !k.prior.otherMeters) { // or all of them are read
			l.meterKeys.addUUID(k.id)
		}
		for _, secret := range k.sent {
			l.sent[0].addUUID(k.id)
			l.sent[1].addUUID(secret)
		}
	}
	for _, meter := range b.meters {
		l.meters.addText(meter)
	}
	for _, meter := range b.named {
		l.named.addText(meter)
	}
}

type lock struct {
	statement statement
	keys      *array
}

// locks returns the lock statements that have keys. The second never waits, so
// that the order of locks over both can't deadlock.
func (l *lane) locks() []lock {
	all := [...]lock{{stmtLock, &l.free}, {stmtLockFree, &l.stuck}}
	switch {
	case l.stuck.length == 0:
		return all[:1]
	case l.free.length == 0:
		return all[1:]
	}
	return all[:]
}

// writeAndCommit is the second round trip.
func (l *lane) writeAndCommit(p pipeline, now time.Time) *fault {
	l.written = l.writes.send(p, now)
	p.send(stmtCommit)
	if err := p.sync(); err != nil {
		return &fault{stage: stageCommit, err: err, unknown: true}
	}
	if f := l.readWrites(p); f != nil {
		return f
	}
	return l.readCommit(p)
}

// readWrites reads the answers to what was written.
func (l *lane) readWrites(p pipeline) *fault {
	for range l.written {
		if err := p.skip(); err != nil {
			return &fault{stage: stageWrite, err: err, unknown: !provesRollback(err)}
		}
	}
	return nil
}

// readCommit reads the answer to COMMIT.
func (l *lane) readCommit(p pipeline) *fault {
	l.conn.takeWarning()
	tag, err := p.run()
	if err == nil {
		err = p.synced()
	}
	warning := l.conn.takeWarning()
	switch {
	case warning != "": // also where the session ended after it
		return &fault{stage: stageCommit, err: pgcommit.WarningError(warning), unknown: true, warned: true}
	case err != nil:
		return &fault{stage: stageCommit, err: err, unknown: !provesRollback(err)}
	case tag != "COMMIT":
		return &fault{stage: stageCommit, err: errors.New("the transaction was rolled back at COMMIT")}
	}
	return nil
}
