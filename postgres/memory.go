package postgres

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

const (
	// mostKeys bounds what is remembered of keys. Each has some 2.5 KB where it has as many
	// limits as most, and the collector leaves three times as much.
	mostKeys = 10_000
	// mostInVain is how many batches in a row may have keys that are not remembered, until
	// only those of one in inVainOf are: where keys come back too seldom, it costs and does
	// nothing.
	mostInVain, inVainOf = 64, 8
	// mostSecrets bounds what is remembered of a key's secrets.
	mostSecrets = 16
	// mostStrikes is how often a key may be found changed by somebody else before it has
	// to wait no longer until it is trusted again.
	mostStrikes = 6
	// drift is how much faster than the database's clock an instance's may go, in a thousand.
	drift = 0.5
	// mostWait is how long after the time by which a batch was decided the database may find
	// that it was right. It is as long as a wait for one lock.
	mostWait = 500 * time.Millisecond
	// mostIdle is how long nothing may have been committed until a batch is sent without
	// COMMIT first: the connection may have died unnoticed, and whether a COMMIT that was
	// sent on it was run is unknown.
	mostIdle = 5 * time.Second
	// quarter is what the ends of hours and days of all zones are multiples of.
	quarter = 15 * time.Minute
)

// memory is what an instance remembers of recent keys, so that a batch can be decided
// before the database is asked: in the round trip that writes it, the database says
// whether all that was remembered is still so ([lane.transactRemembered]). So nothing
// here has to be right; it only has to be what was once read or written, with the
// versions of the rows in which it was. It is safe for concurrent use.
//
// A batch takes what is remembered of its keys, and puts it back when it is committed.
// What is not put back is forgotten.
type memory struct {
	mu     sync.Mutex
	server string // the lineage of the server that it speaks of; "": it remembers nothing
	keys   map[ration.KeyID]*remembered
	clock  estimate
	last   time.Time // when a batch was committed, by the instance's clock

	inVain int // batches since one was decided by what is remembered

	held, changed atomic.Int64 // batches that were as remembered, and that were not
}

// remembered is all that decides about a key that counts requests and nothing else.
type remembered struct {
	policy   ledger.Policy
	versions versions          // of what the policy was read from
	usage    ledger.MeterUsage // of meter requests
	row      xid               // version of its row

	strikes int // how often the row was changed by somebody else lately
	waits   int // how many batches the key waits before it is trusted again
}

// versions are those of the rows that a policy is made of, but for secrets.
type versions struct {
	key       xid
	plan      string // of the plan and its limits; empty: the key has no plan
	overrides string // empty: the key has none
}

// estimate is what an instance knows of the database's clock, without asking.
type estimate struct {
	now       time.Time // ration_now(), when it was asked last; zero: it was not
	serverNow time.Time // the server's own clock then
	at        time.Time // by the instance's clock, not before then
}

// take lets a batch have what is remembered of its keys. It reports whether that is
// enough to decide it, now by the instance's clock.
func (m *memory) take(b *work, now time.Time) (enough bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b.recalled, b.clock, b.isRemembered = m.server, m.clock, true
	if m.server == "" {
		return false
	}
	enough = b.plain
	for i := range b.keys {
		k := &b.keys[i]
		k.was = m.keys[k.id]
		delete(m.keys, k.id)
		enough = enough && k.was != nil && k.was.waits == 0 && k.stuckOn == 0 && k.was.knows(k.sent)
	}
	if enough {
		m.inVain = 0
	} else {
		m.inVain++
	}
	b.isRemembered = m.inVain <= mostInVain || m.inVain%inVainOf == 0
	idle := now.Round(0).Sub(m.last).Abs() // not by the clock that stops while a machine is suspended
	return enough && !m.clock.now.IsZero() && idle < mostIdle
}

// knows reports whether all these secrets are remembered.
func (r *remembered) knows(sent []ration.SecretID) bool {
	for _, id := range sent {
		if !slices.ContainsFunc(r.policy.Secrets, func(s ration.SecretState) bool { return s.ID == id }) {
			return false
		}
	}
	return true
}

// until returns when something ends that the key's decisions depend on, at the earliest,
// or when they are too old: a rate would not have given back what it has meanwhile.
func (r *remembered) until(now time.Time) (until time.Time) {
	earlier := func(end time.Time) {
		if end.After(now) && (until.IsZero() || end.Before(until)) {
			until = end
		}
	}
	for i := range r.usage.Windows {
		earlier(r.usage.Windows[i].EndsAt)
	}
	for i := range r.usage.Shifted {
		earlier(r.usage.Shifted[i].EndsAt)
	}
	for i := range r.policy.Secrets {
		earlier(r.policy.Secrets[i].ExpiresAt)
	}
	earlier(r.policy.Key.ExpiresAt)
	earlier(now.Add(mostWait))
	earlier(now.Truncate(quarter).Add(quarter)) // windows that have ended say nothing of those that run
	return until
}

// put remembers what a committed batch has read and written of its keys.
func (m *memory) put(b *work, server string, clock estimate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server != server {
		m.server, m.keys, m.clock = server, nil, estimate{}
	}
	if server == "" {
		return
	}
	m.clock.take(clock)
	m.last = clock.at.Round(0)
	if m.keys == nil {
		m.keys = make(map[ration.KeyID]*remembered)
	}
	for i := range b.keys {
		if k := &b.keys[i]; k.will != nil {
			if len(m.keys) >= mostKeys {
				m.forgetOne()
			}
			m.keys[k.id] = k.will
		}
	}
}

func (m *memory) forgetOne() {
	for id := range m.keys {
		delete(m.keys, id)
		return
	}
}

// count counts what came of a batch that was remembered.
func (m *memory) count(held bool) {
	if held {
		m.held.Add(1)
	} else {
		m.changed.Add(1)
	}
}

// forget forgets all. Nobody knows whether it is true of the server to which a new
// connection leads: one that has lost commits may have used the ids of their transactions
// again.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.server, m.keys, m.clock = "", nil, estimate{}
}

// forgetClock makes the next batch ask for the time.
func (m *memory) forgetClock() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock = estimate{}
}

// take takes in what is known from another answer, unless what was known from the former
// one is nearer to the truth: an answer is late, so all estimates are.
func (e *estimate) take(another estimate) {
	age := another.at.Sub(e.at)
	former, _ := e.times(another.at)
	if e.now.IsZero() || age < 0 || another.now.After(former.Add(-time.Duration(float64(age)*drift/1000))) {
		*e = another
	}
}

// times returns the times that the database's clocks have reached at an instant by the instance's.
func (e *estimate) times(at time.Time) (now, serverNow time.Time) {
	passed := max(0, at.Sub(e.at))
	return e.now.Add(passed).Truncate(time.Microsecond), e.serverNow.Add(passed)
}

// noteKept notes what is to be remembered of the keys, if the batch is committed: of those
// whose row it has written, in the version written.
func (b *work) noteKept() {
	for i := range b.keys {
		switch k := &b.keys[i]; {
		case k.untouched:
			k.will = k.was
		case k.counts && b.transaction != 0 && (b.isRemembered || k.was != nil):
			k.keep(b.transaction)
		}
	}
}

func (k *keyWork) keep(written xid) {
	will := k.was
	if will == nil {
		will = new(remembered)
	} else {
		will.judge(k.rows[0])
	}
	if k.policyRead != nil {
		secrets := will.policy.Secrets
		if will.versions.key != k.versions.key {
			secrets = nil
		}
		will.policy, will.versions = *k.policyRead, k.versions
		will.addSecrets(secrets)
	}
	will.usage, will.row = k.account.Kept()[0], written
	will.noteUse(k.account.SecretsUsed(), will.usage.LastRequestAt)
	k.will = will
}

// judge takes in whether the row was as it was remembered. A key that somebody else
// charges, too, is not worth remembering: a batch that takes it wrongly for unchanged
// is written twice.
func (r *remembered) judge(row xid) {
	if row != r.row {
		r.strikes = min(r.strikes+1, mostStrikes)
		r.waits = 1 << r.strikes
		return
	}
	if r.waits > 0 {
		r.waits--
	} else if r.strikes > 0 {
		r.strikes--
	}
}

// addSecrets adds those of a key that has not changed since they were read.
func (r *remembered) addSecrets(secrets []ration.SecretState) {
	for _, secret := range secrets {
		if len(r.policy.Secrets) < mostSecrets && !r.knows([]ration.SecretID{secret.ID}) {
			r.policy.Secrets = append(r.policy.Secrets, secret)
		}
	}
}

func (r *remembered) noteUse(used []ration.SecretID, now time.Time) {
	for i := range r.policy.Secrets {
		if slices.Contains(used, r.policy.Secrets[i].ID) {
			r.policy.Secrets[i].LastUsedAt = now
		}
	}
}
